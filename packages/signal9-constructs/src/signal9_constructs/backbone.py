"""An event bus whose events are described, kept, delivered or parked, and never dropped."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

from aws_cdk import (
    ArnFormat,
    Duration,
    RemovalPolicy,
    Stack,
    TimeZone,
    Token,
    aws_iam,
    aws_kms,
    aws_sns,
)
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_eventschemas as eventschemas
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .draft4 import DRAFT_4, draft4
from .errors import ConstructError
from .kinds import prepare
from .patterns import JsonSchema, Pattern, check_pattern
from .queues import make_dead_letters
from .watches import watch_dead_letters

__all__ = ["EventBackbone"]

Target: TypeAlias = lambda_.IFunction | sqs.IQueue

_EVENTS: Final = "events.amazonaws.com"
_PUT: Final = "events:PutEvents"
_SCHEDULE: Final = re.compile(r"rate\(\d+ \w+\)|cron\(\S+( \S+){5}\)|at\([-\d]+T[:\d]+\)")
_NOT_IN_A_NAME: Final = re.compile(r"[^-\w.@]")


class EventBackbone(Construct):
    """A bus, made here or given, with an archive, schemas, rules and schedules.

    `schemas` maps detail types to JSON Schema documents. `rule` refuses a pattern that none of
    them could match. Whatever cannot be delivered in `retries` attempts or `max_event_age_s`
    waits in `dead_letters`, with an alarm where there is a topic.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        bus: events.IEventBus | None = None,
        bus_name: str | None = None,
        schemas: Mapping[str, JsonSchema] | None = None,
        register_schemas: bool = True,
        archive_days: int | None = 30,
        publisher_accounts: Sequence[str] = (),
        retries: int = 8,
        max_event_age_s: int = 7200,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: aws_sns.ITopic | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.schemas = dict(schemas or {})
        self._retries = retries
        self._max_event_age = Duration.seconds(max_event_age_s)
        self._scheduler_role: aws_iam.Role | None = None
        self.dead_letters = make_dead_letters(
            self, "DeadLetters", encryption_key=encryption_key, removal_policy=removal_policy
        )
        self.bus = bus or self._make_bus(bus_name, encryption_key, removal_policy)
        if encryption_key:
            # What cannot be delivered is parked in a queue that is encrypted itself.
            encryption_key.grant_encrypt_decrypt(aws_iam.ServicePrincipal(_EVENTS))
        if archive_days is not None:
            self._keep(archive_days, publisher_accounts).apply_removal_policy(removal_policy)
        if register_schemas and self.schemas:
            self._register()
        for account in publisher_accounts:
            self._let_in(account)
        if alarm_topic:
            watch_dead_letters(Construct(self, "Alarms"), self.dead_letters, topic=alarm_topic)

    def grant_publish(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` put events on this bus."""
        return self.bus.grant_put_events_to(grantee)

    def rule(
        self,
        id_: str,
        *,
        targets: Sequence[Target],
        source: str | Sequence[str],
        detail_types: Sequence[str],
        detail: Pattern | None = None,
        description: str | None = None,
        rule_name: str | None = None,
        enabled: bool = True,
    ) -> events.Rule:
        """Send matching events to functions and queues."""
        return events.Rule(
            self,
            id_,
            event_bus=self.bus,
            rule_name=rule_name,
            description=description,
            enabled=enabled,
            event_pattern=self.pattern(source=source, detail_types=detail_types, detail=detail),
            targets=[self._rule_target(target) for target in targets],
        )

    def pattern(
        self,
        *,
        source: str | Sequence[str],
        detail_types: Sequence[str],
        detail: Pattern | None = None,
    ) -> events.EventPattern:
        """Return a pattern, checked against every schema whose detail type it names."""
        unknown = sorted(set(detail_types) - set(self.schemas)) if self.schemas else []
        if unknown or not detail_types:
            raise ConstructError(
                f"{self.node.path}: no schema for {unknown}, only for {sorted(self.schemas)}"
            )
        for detail_type in detail_types:
            if self.schemas and detail:
                check_pattern(self.schemas[detail_type], detail)
        return events.EventPattern(
            source=[source] if isinstance(source, str) else list(source),
            detail_type=list(detail_types),
            detail=detail,
        )

    def schedule(
        self,
        id_: str,
        *,
        function: lambda_.IFunction,
        schedule: str,
        time_zone: str = "Etc/UTC",
        payload: Mapping[str, object] | None = None,
        description: str | None = None,
        schedule_name: str | None = None,
        enabled: bool = True,
    ) -> scheduler.Schedule:
        """Invoke `function` by `schedule`, an expression such as `cron(0 6 * * ? *)`."""
        if not Token.is_unresolved(schedule) and not _SCHEDULE.fullmatch(schedule):
            raise ConstructError(
                f"{self.node.path}/{id_}: {schedule!r} is no schedule; write rate(1 day), "
                "cron(0 6 * * ? *) or at(2030-01-31T06:00:00)"
            )
        return scheduler.Schedule(
            self,
            id_,
            schedule_name=schedule_name,
            description=description,
            enabled=enabled,
            schedule=scheduler.ScheduleExpression.expression(schedule, TimeZone.of(time_zone)),
            target=scheduler_targets.LambdaInvoke(
                function,
                input=scheduler.ScheduleTargetInput.from_object(dict(payload or {})),
                dead_letter_queue=self.dead_letters,
                retry_attempts=self._retries,
                max_event_age=self._max_event_age,
                role=self._role_for_schedules(),
            ),
        )

    def _role_for_schedules(self) -> aws_iam.Role:
        if self._scheduler_role is None:
            self._scheduler_role = aws_iam.Role(
                self,
                "Scheduler",
                assumed_by=aws_iam.ServicePrincipal(
                    "scheduler.amazonaws.com",
                    conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
                ),
            )
        return self._scheduler_role

    def _rule_target(self, target: Target) -> events.IRuleTarget:
        if hasattr(target, "queue_arn"):
            return event_targets.SqsQueue(
                cast("sqs.IQueue", target),
                dead_letter_queue=self.dead_letters,
                retry_attempts=self._retries,
                max_event_age=self._max_event_age,
            )
        return event_targets.LambdaFunction(
            target,
            dead_letter_queue=self.dead_letters,
            retry_attempts=self._retries,
            max_event_age=self._max_event_age,
        )

    def _make_bus(
        self, name: str | None, key: aws_kms.IKey | None, removal_policy: RemovalPolicy
    ) -> events.EventBus:
        bus = events.EventBus(
            self,
            "Default",
            event_bus_name=name,
            kms_key=key,
            dead_letter_queue=self.dead_letters if key else None,
        )
        bus.apply_removal_policy(removal_policy)
        if key:
            self._park_for(bus)
        return bus

    def _park_for(self, bus: events.EventBus) -> None:
        """Let a bus park what it cannot decrypt."""
        # Not by a grant, which would name the bus in the key's policy, and the bus needs the key.
        self.dead_letters.add_to_resource_policy(
            aws_iam.PolicyStatement(
                principals=[aws_iam.ServicePrincipal(_EVENTS)],
                actions=["sqs:SendMessage"],
                resources=[self.dead_letters.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": bus.event_bus_arn}},
            )
        )

    def _keep(self, days: int, publisher_accounts: Sequence[str]) -> events.Archive:
        accounts = [Stack.of(self).account, *publisher_accounts]
        return events.Archive(
            self,
            "Archive",
            source_event_bus=self.bus,
            event_pattern=events.EventPattern(account=accounts),
            retention=Duration.days(days),
        )

    def _register(self) -> None:
        registry = eventschemas.CfnRegistry(self, "Registry")
        for detail_type, schema in self.schemas.items():
            eventschemas.CfnSchema(
                self,
                f"Schema{''.join(part.capitalize() for part in detail_type.split())}",
                registry_name=registry.attr_registry_name,
                type="JSONSchemaDraft4",
                schema_name=_NOT_IN_A_NAME.sub("", detail_type),
                content=json.dumps(_document(schema), sort_keys=True),
            )

    def _let_in(self, account: str) -> None:
        principal = Stack.of(self).format_arn(
            service="iam",
            region="",
            account=account,
            resource="root",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        events.CfnEventBusPolicy(
            self,
            f"Account{account}",
            event_bus_name=self.bus.event_bus_name,
            statement_id=f"Account{account}",
            statement={
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": _PUT,
                "Resource": self.bus.event_bus_arn,
            },
        )


def _document(schema: JsonSchema) -> Mapping[str, object]:
    return {"$schema": DRAFT_4, **cast("Mapping[str, object]", draft4(schema))}
