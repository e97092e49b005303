"""An event bus with an archive, schemas, rules, schedules and a dead-letter queue."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypedDict, cast

from aws_cdk import (
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

from .alarms import add_dead_letter_alarm
from .errors import ConstructError
from .feature_flags import prepare
from .json_schema import JsonSchema, draft_4_document
from .queue import make_dead_letters

__all__ = ["EventBackbone"]

Target: TypeAlias = lambda_.IFunction | sqs.IQueue

_EVENTS: Final = "events.amazonaws.com"
_SCHEDULE: Final = re.compile(r"rate\(\d+ \w+\)|cron\(\S+( \S+){5}\)|at\([-\d]+T[:\d]+\)")
_INVALID_IN_SCHEMA_NAME: Final = re.compile(r"[^-\w.@]")


class _Delivery(TypedDict):
    dead_letter_queue: sqs.IQueue
    retry_attempts: int
    max_event_age: Duration


class EventBackbone(Construct):
    """A bus, new or existing, with an archive, schemas, rules and schedules.

    `schemas` maps detail types to JSON Schema documents; a rule for any other detail type is
    refused. Events that cannot be delivered within `retries` attempts and `max_event_age_s` go to
    `dead_letters`, with an alarm if there is a topic.
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.schemas = dict(schemas or {})
        self._scheduler_role: aws_iam.Role | None = None
        self.dead_letters = make_dead_letters(
            self, "DeadLetters", encryption_key=encryption_key, removal_policy=removal_policy
        )
        self._delivery: _Delivery = {
            "dead_letter_queue": self.dead_letters,
            "retry_attempts": retries,
            "max_event_age": Duration.seconds(max_event_age_s),
        }
        self.bus = bus or self._make_bus(bus_name, encryption_key, removal_policy)
        if encryption_key:
            # EventBridge also writes to the encrypted dead-letter queue.
            encryption_key.grant_encrypt_decrypt(aws_iam.ServicePrincipal(_EVENTS))
        if archive_days is not None:
            self._archive(archive_days, publisher_accounts, removal_policy)
        if register_schemas and self.schemas:
            self._register_schemas()
        for account in publisher_accounts:
            self._allow_account(account)
        if alarm_topic:
            add_dead_letter_alarm(Construct(self, "Alarms"), self.dead_letters, alarm_topic)

    def grant_publish(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` put events on the bus."""
        return self.bus.grant_put_events_to(grantee)

    def rule(
        self,
        id_: str,
        *,
        targets: Sequence[Target],
        source: str | Sequence[str],
        detail_types: Sequence[str],
        detail: Mapping[str, object] | None = None,
        check_detail_types: bool = True,
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
            event_pattern=self.pattern(
                source=source,
                detail_types=detail_types,
                detail=detail,
                check_detail_types=check_detail_types,
            ),
            targets=[self._rule_target(target) for target in targets],
        )

    def pattern(
        self,
        *,
        source: str | Sequence[str],
        detail_types: Sequence[str],
        detail: Mapping[str, object] | None = None,
        check_detail_types: bool = True,
    ) -> events.EventPattern:
        """Return an event pattern whose detail types all have a schema, if there are schemas."""
        # EventBridge accepts a misspelled detail type, and the rule silently never matches.
        unknown = sorted(set(detail_types) - set(self.schemas)) if self.schemas else []
        if not detail_types or (check_detail_types and unknown):
            raise ConstructError(
                f"{self.node.path}: no schema for detail types {unknown}; must be among "
                f"{sorted(self.schemas)} unless check_detail_types=False"
            )
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
        """Invoke `function` on `schedule`, an expression such as `cron(0 6 * * ? *)`."""
        if not Token.is_unresolved(schedule) and not _SCHEDULE.fullmatch(schedule):
            raise ConstructError(
                f"{self.node.path}/{id_}: invalid schedule {schedule!r}; use rate(1 day), "
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
                role=self._role_of_scheduler(),
                **self._delivery,
            ),
        )

    def _role_of_scheduler(self) -> aws_iam.Role:
        if self._scheduler_role is None:
            account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            service = aws_iam.ServicePrincipal("scheduler.amazonaws.com", conditions=account)
            self._scheduler_role = aws_iam.Role(self, "Scheduler", assumed_by=service)
        return self._scheduler_role

    def _rule_target(self, target: Target) -> events.IRuleTarget:
        if hasattr(target, "queue_arn"):
            return event_targets.SqsQueue(cast("sqs.IQueue", target), **self._delivery)
        return event_targets.LambdaFunction(target, **self._delivery)

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
            # Events that the bus cannot decrypt. A grant would name the bus in the policy of the
            # key, and the bus depends on the key.
            self.dead_letters.add_to_resource_policy(
                aws_iam.PolicyStatement(
                    principals=[aws_iam.ServicePrincipal(_EVENTS)],
                    actions=["sqs:SendMessage"],
                    resources=[self.dead_letters.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": bus.event_bus_arn}},
                )
            )
        return bus

    def _archive(
        self, days: int, publisher_accounts: Sequence[str], removal_policy: RemovalPolicy
    ) -> None:
        accounts = [Stack.of(self).account, *publisher_accounts]
        events.Archive(
            self,
            "Archive",
            source_event_bus=self.bus,
            event_pattern=events.EventPattern(account=accounts),
            retention=Duration.days(days),
        ).apply_removal_policy(removal_policy)

    def _register_schemas(self) -> None:
        registry = eventschemas.CfnRegistry(self, "Registry")
        for detail_type, schema in self.schemas.items():
            eventschemas.CfnSchema(
                self,
                f"Schema{''.join(part.capitalize() for part in detail_type.split())}",
                registry_name=registry.attr_registry_name,
                type="JSONSchemaDraft4",
                schema_name=_INVALID_IN_SCHEMA_NAME.sub("", detail_type),
                content=json.dumps(draft_4_document(schema), sort_keys=True),
            )

    def _allow_account(self, account: str) -> None:
        events.CfnEventBusPolicy(
            self,
            f"Account{account}",
            event_bus_name=self.bus.event_bus_name,
            statement_id=f"Account{account}",
            statement={
                "Effect": "Allow",
                "Principal": {"AWS": aws_iam.AccountPrincipal(account).arn},
                "Action": "events:PutEvents",
                "Resource": self.bus.event_bus_arn,
            },
        )
