"""An event bus with an archive, schemas, rules, schedules and a dead-letter queue."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aws_cdk import Duration, RemovalPolicy, Stack, TimeZone, Token, aws_iam, aws_kms
from aws_cdk import aws_events as events
from aws_cdk import aws_eventschemas as eventschemas
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare
from .json_schema import JsonSchema, draft_4_document
from .policies import allow_in_policy
from .queue import make_dead_letters
from .targets import Delivery, RuleTarget, ScheduleTarget, add_rule_target, schedule_target

__all__ = ["EventBackbone"]

_EVENTS: Final = "events.amazonaws.com"
_SCHEDULE: Final = re.compile(r"rate\(\d+ \w+\)|cron\(\S+( \S+){5}\)|at\([-\d]+T[:\d]+\)")
_INVALID_IN_SCHEMA_NAME: Final = re.compile(r"[^-\w.@]")


@checked
class EventBackbone(Construct):
    """A bus, new or existing, with an archive, schemas, rules and schedules.

    `schemas` maps detail types to JSON Schema documents; a rule for any other detail type is
    refused. Events that cannot be delivered within `retries` attempts and `max_event_age_s` go to
    `dead_letters`, with an alarm if there is a topic. Accounts and organizations that are named may
    publish. A key encrypts events, archive and dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        bus: events.IEventBus | Wrapper[events.IEventBus] | None = None,
        bus_name: str | None = None,
        schemas: Mapping[str, JsonSchema] | None = None,
        register_schemas: bool = True,
        discover_schemas: bool = False,
        archive_days: int | None = 30,
        publisher_accounts: Sequence[str] = (),
        publisher_organizations: Sequence[str] = (),
        retries: int = 8,
        max_event_age_s: int = 7200,
        dead_letters: sqs.IQueue | Wrapper[sqs.IQueue] | None = None,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: events.EventBusProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if bus and (bus_name or props):
            raise ConstructError(f"{self.node.path}: bus exists: no bus_name or props can be set")
        if discover_schemas and encryption_key:
            raise ConstructError(
                f"{self.node.path}: EventBridge discovers no schemas on a bus with encryption_key"
            )
        self.schemas = dict(schemas or {})
        self._scheduler_role: aws_iam.Role | None = None
        self.dead_letters = unwrap(dead_letters) or make_dead_letters(
            self, "DeadLetters", encryption_key=encryption_key, removal_policy=removal_policy
        )
        self._delivery = Delivery(
            dead_letter_queue=self.dead_letters,
            retry_attempts=retries,
            max_event_age=Duration.seconds(max_event_age_s),
        )
        self.bus = unwrap(bus) or self._make_bus(bus_name, encryption_key, removal_policy, props)
        if encryption_key:
            self._allow_eventbridge(encryption_key)
        if archive_days is not None:
            accounts = [Stack.of(self).account, *publisher_accounts]
            # Accounts of an organization are not known here.
            archived = events.Match.exists() if publisher_organizations else accounts
            self._archive(archive_days, archived, encryption_key, removal_policy)
        if register_schemas and self.schemas:
            self._register_schemas()
        if discover_schemas:
            eventschemas.CfnDiscoverer(self, "Discoverer", source_arn=self.bus.event_bus_arn)
        for account in publisher_accounts:
            principal = {"AWS": aws_iam.AccountPrincipal(account).arn}
            self._allow(f"Account{account}", principal)
        for organization in publisher_organizations:
            condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
            self._allow(f"Organization{organization}", "*", condition)
        if alarm_topic:
            add_dead_letter_alarm(Construct(self, "Alarms"), self.dead_letters, alarm_topic)

    @property
    def resource(self) -> events.IEventBus:
        """The bus, so that the construct can stand for it."""
        return self.bus

    def grant_publish(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` put events on the bus."""
        return self.bus.grant_put_events_to(grantee)

    def rule(
        self,
        id_: str,
        *,
        targets: Sequence[RuleTarget],
        source: str | Sequence[str],
        detail_types: Sequence[str] = (),
        detail: Mapping[str, object] | None = None,
        check_detail_types: bool = True,
        description: str | None = None,
        rule_name: str | None = None,
        enabled: bool = True,
        props: events.RuleProps | None = None,
    ) -> events.Rule:
        """Send matching events to functions, queues, buses or any other targets.

        AWS's own events, whose sources begin with `aws.`, are on the default bus of the account, so
        their rules are, too.
        """
        own = events.RuleProps(
            event_bus=None if self._is_of_aws(source) else self.bus,
            rule_name=rule_name,
            description=description,
            enabled=enabled,
            event_pattern=self.pattern(
                source=source,
                detail_types=detail_types,
                detail=detail,
                check_detail_types=check_detail_types,
            ),
        )
        rule = events.Rule(self, id_, **merge(self, props, own))
        for target in targets:
            add_rule_target(rule, target, self._delivery)
        return rule

    def pattern(
        self,
        *,
        source: str | Sequence[str],
        detail_types: Sequence[str] = (),
        detail: Mapping[str, object] | None = None,
        check_detail_types: bool = True,
    ) -> events.EventPattern:
        """Return an event pattern whose detail types all have a schema, if there are schemas."""
        # EventBridge accepts a misspelled detail type, and the rule silently never matches.
        of_aws = self._is_of_aws(source)
        unknown = sorted(set(detail_types) - set(self.schemas)) if self.schemas else []
        if not of_aws and (not detail_types or (check_detail_types and unknown)):
            raise ConstructError(
                f"{self.node.path}: no schema for detail types {unknown}; must be among "
                f"{sorted(self.schemas)} unless check_detail_types=False"
            )
        return events.EventPattern(
            source=[source] if isinstance(source, str) else list(source),
            detail_type=list(detail_types) or None,
            detail=detail,
        )

    def schedule(
        self,
        id_: str,
        *,
        schedule: str,
        function: lambda_.IFunction | Wrapper[lambda_.IFunction] | None = None,
        target: ScheduleTarget | None = None,
        time_zone: str = "Etc/UTC",
        payload: Mapping[str, object] | None = None,
        description: str | None = None,
        schedule_name: str | None = None,
        enabled: bool = True,
        props: Mapping[str, Any] | None = None,
    ) -> scheduler.Schedule:
        """Invoke a function, or any other target, on an expression such as `cron(0 6 * * ? *)`.

        `props` are further arguments of `aws_scheduler.Schedule`, such as `time_window`.
        """
        path, receiver = f"{self.node.path}/{id_}", function or target
        if not Token.is_unresolved(schedule) and not _SCHEDULE.fullmatch(schedule):
            raise ConstructError(
                f"{path}: invalid schedule {schedule!r}; use rate(1 day), "
                "cron(0 6 * * ? *) or at(2030-01-31T06:00:00)"
            )
        if receiver is None or (function and target):
            raise ConstructError(f"{path}: either function or target is required")
        own = {
            "schedule_name": schedule_name,
            "description": description,
            "enabled": enabled,
            "schedule": scheduler.ScheduleExpression.expression(schedule, TimeZone.of(time_zone)),
            "target": schedule_target(
                path, receiver, payload, self._role_of_scheduler, self._delivery
            ),
        }
        return scheduler.Schedule(self, id_, **merge(self, props, own))

    def _is_of_aws(self, source: str | Sequence[str]) -> bool:
        """Whether all sources are services of AWS, which cannot be mixed with others in a rule."""
        sources = [source] if isinstance(source, str) else source
        # Events of partners have a bus of their own.
        of_aws = {
            name.startswith("aws.") and not name.startswith("aws.partner/") for name in sources
        }
        if len(of_aws) != 1:
            raise ConstructError(
                f"{self.node.path}: source {list(sources)}: AWS's own events are on the default "
                "bus, so a rule matches either only them or none, and at least one source"
            )
        return of_aws.pop()

    def _role_of_scheduler(self) -> aws_iam.Role:
        if self._scheduler_role is None:
            account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            service = aws_iam.ServicePrincipal("scheduler.amazonaws.com", conditions=account)
            self._scheduler_role = aws_iam.Role(self, "Scheduler", assumed_by=service)
        return self._scheduler_role

    def _make_bus(
        self,
        name: str | None,
        key: aws_kms.IKey | None,
        removal_policy: RemovalPolicy,
        props: events.EventBusProps | None,
    ) -> events.EventBus:
        own = events.EventBusProps(
            event_bus_name=name, kms_key=key, dead_letter_queue=self.dead_letters if key else None
        )
        bus = events.EventBus(self, "Default", **merge(self, props, own))
        bus.apply_removal_policy(removal_policy)
        if key:
            # Events that the bus cannot decrypt. A grant would name the bus in the policy of the
            # key, and the bus depends on the key.
            statement = aws_iam.PolicyStatement(
                principals=[aws_iam.ServicePrincipal(_EVENTS)],
                actions=["sqs:SendMessage"],
                resources=[self.dead_letters.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": bus.event_bus_arn}},
            )
            allow_in_policy(self, self.dead_letters, statement)
        return bus

    def _allow_eventbridge(self, key: aws_kms.IKey) -> None:
        """Let EventBridge encrypt events, also in the dead-letter queue."""
        statement = aws_iam.PolicyStatement(
            principals=[aws_iam.ServicePrincipal(_EVENTS)],
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
            resources=["*"],
        )
        allow_in_policy(self, key, statement)

    def _archive(
        self,
        days: int,
        accounts: Sequence[str],
        key: aws_kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        archive = events.Archive(
            self,
            "Archive",
            source_event_bus=self.bus,
            event_pattern=events.EventPattern(account=list(accounts)),
            retention=Duration.days(days),
        )
        archive.apply_removal_policy(removal_policy)
        if key:
            # The L2 would name the bus in the policy of the key, and the bus depends on the key.
            cfn = cast("events.CfnArchive", archive.node.default_child)
            cfn.kms_key_identifier = key.key_arn

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

    def _allow(
        self, id_: str, principal: object, condition: Mapping[str, object] | None = None
    ) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "events:PutEvents",
            "Resource": self.bus.event_bus_arn,
        }
        events.CfnEventBusPolicy(
            self,
            id_,
            event_bus_name=self.bus.event_bus_name,
            statement_id=id_,
            statement=statement | ({"Condition": condition} if condition else {}),
        )
