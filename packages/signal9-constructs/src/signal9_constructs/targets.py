"""Targets of rules and schedules: whatever the CDK has a target for, each with dead letters.

A target of the CDK keeps its own settings; a dead-letter queue and retries are added to it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypedDict, cast

import jsii
from aws_cdk import Duration, Resource, aws_iam, aws_kms
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions

from .arguments import Wrapper, implements, struct_values, unwrap
from .errors import ConstructError
from .policies import allow_in_policy

__all__ = ["Delivery", "RuleTarget", "ScheduleTarget", "add_rule_target", "schedule_target"]

_Invoked: TypeAlias = lambda_.IFunction | sqs.IQueue | sns.ITopic | stepfunctions.IStateMachine
_Receiver: TypeAlias = _Invoked | events.IEventBus | logs.ILogGroup
RuleTarget: TypeAlias = events.IRuleTarget | _Receiver | Wrapper[_Receiver]
ScheduleTarget: TypeAlias = scheduler.IScheduleTarget | _Invoked | Wrapper[_Invoked]

_EVENTS: Final = aws_iam.ServicePrincipal("events.amazonaws.com")
_DEFAULT_RETRIES: Final = (185, 86400)
"""Attempts and seconds, which the CDK writes for a schedule's target that says nothing."""


class Delivery(TypedDict):
    """How often and how long an event is retried, and where it goes then."""

    dead_letter_queue: sqs.IQueue
    retry_attempts: int
    max_event_age: Duration


def add_rule_target(rule: events.Rule, target: RuleTarget, delivery: Delivery) -> None:
    """Send the events of a rule to a target."""
    receiver: Any = unwrap(target)
    rule.add_target(_rule_target(rule, receiver, delivery))
    if implements(receiver, sqs.IQueue):
        key = receiver.encryption_master_key
        _allow(rule, receiver, "sqs:SendMessage", receiver.queue_arn, key)
    elif implements(receiver, sns.ITopic):
        _allow(rule, receiver, "sns:Publish", receiver.topic_arn, receiver.master_key)


def _rule_target(rule: events.Rule, receiver: Any, delivery: Delivery) -> events.IRuleTarget:
    classes: Mapping[type, Callable[..., events.IRuleTarget]] = {
        lambda_.IFunction: event_targets.LambdaFunction,
        sns.ITopic: event_targets.SnsTopic,
    }
    for interface, class_ in classes.items():
        if implements(receiver, interface):
            return class_(receiver, **delivery)
    if implements(receiver, stepfunctions.IStateMachine):
        return event_targets.SfnStateMachine(receiver, role=_role(rule), **delivery)
    if implements(receiver, sqs.IQueue):
        return event_targets.SqsQueue(
            receiver, message_group_id=_group(receiver, rule.node.path), **delivery
        )
    if implements(receiver, logs.ILogGroup):
        # The L2 forgets to let the rule send dead letters.
        group = event_targets.CloudWatchLogGroup(receiver, install_latest_aws_sdk=False)
        return _Delivered(group, delivery)
    if implements(receiver, events.IEventBus):
        # The L2 takes no retry policy.
        return _Delivered(event_targets.EventBus(receiver, role=_role(rule)), delivery)
    return _Delivered(receiver, delivery)


def _role(rule: events.Rule) -> aws_iam.IRole:
    """Return the role of a rule; the L2 would put that of a state machine outside of the rule."""
    existing = rule.node.try_find_child("EventsRole")
    if existing:
        return cast("aws_iam.Role", existing)
    return aws_iam.Role(rule, "EventsRole", assumed_by=_EVENTS)


def _group(queue: sqs.IQueue, path: str) -> str | None:
    """Return the message group of what a rule or schedule sends: a fifo queue keeps its order."""
    return path.rpartition("/")[2] if queue.fifo else None


def _allow(
    rule: events.Rule,
    receiver: sqs.IQueue | sns.ITopic,
    action: str,
    arn: str,
    key: aws_kms.IKey | None,
) -> None:
    """Say what the owner of a receiver that exists elsewhere, or of its key, must allow."""
    conditions = {"ArnEquals": {"aws:SourceArn": rule.rule_arn}}
    if not Resource.is_owned_resource(receiver):
        statement = aws_iam.PolicyStatement(
            principals=[_EVENTS], actions=[action], resources=[arn], conditions=conditions
        )
        allow_in_policy(rule, receiver, statement)
    if key and not Resource.is_owned_resource(key):
        statement = aws_iam.PolicyStatement(
            principals=[_EVENTS],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
        )
        allow_in_policy(rule, key, statement)


@jsii.implements(events.IRuleTarget)
class _Delivered:
    """A target of the CDK with a dead-letter queue and a retry policy, unless it has them."""

    def __init__(self, target: events.IRuleTarget, delivery: Delivery) -> None:
        self._target = target
        self._delivery = delivery

    def bind(self, rule: Any, id: str | None = None) -> events.RuleTargetConfig:  # noqa: A002
        config, queue = self._target.bind(rule, id), self._delivery["dead_letter_queue"]
        added: dict[str, Any] = {}
        if not config.dead_letter_config:
            added["dead_letter_config"] = {"arn": queue.queue_arn}
            statement = aws_iam.PolicyStatement(
                principals=[_EVENTS],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.rule_arn}},
            )
            allow_in_policy(rule, queue, statement)
        if not config.retry_policy:
            added["retry_policy"] = {
                "maximum_retry_attempts": self._delivery["retry_attempts"],
                "maximum_event_age_in_seconds": self._delivery["max_event_age"].to_seconds(),
            }
        return events.RuleTargetConfig(**{**struct_values(config), **added})


def schedule_target(
    path: str,
    target: ScheduleTarget,
    payload: Mapping[str, object] | None,
    role: Callable[[], aws_iam.IRole],
    delivery: Delivery,
) -> scheduler.IScheduleTarget:
    """Return what a schedule invokes, with `payload` as its input."""
    receiver: Any = unwrap(target)
    if implements(receiver, scheduler.IScheduleTarget):
        if payload is not None:
            raise ConstructError(f"{path}: payload must not be set: the target has its own input")
        return _Scheduled(receiver, delivery)
    input_ = scheduler.ScheduleTargetInput.from_object(dict(payload or {}))
    if implements(receiver, sqs.IQueue):
        return scheduler_targets.SqsSendMessage(
            receiver,
            message_group_id=_group(receiver, path),
            input=input_,
            role=role(),
            **delivery,
        )
    classes: Mapping[type, Callable[..., scheduler.IScheduleTarget]] = {
        lambda_.IFunction: scheduler_targets.LambdaInvoke,
        sns.ITopic: scheduler_targets.SnsPublish,
        stepfunctions.IStateMachine: scheduler_targets.StepFunctionsStartExecution,
    }
    (class_,) = (class_ for kind, class_ in classes.items() if implements(receiver, kind))
    return class_(receiver, input=input_, role=role(), **delivery)


@jsii.implements(scheduler.IScheduleTarget)
class _Scheduled:
    """A target of the CDK with a dead-letter queue and a retry policy, unless it has them."""

    def __init__(self, target: scheduler.IScheduleTarget, delivery: Delivery) -> None:
        self._target = target
        self._delivery = delivery

    def bind(self, schedule: scheduler.ISchedule) -> scheduler.ScheduleTargetConfig:
        config, delivery = self._target.bind(schedule), self._delivery
        added: dict[str, Any] = {}
        if not config.dead_letter_config:
            queue = delivery["dead_letter_queue"]
            added["dead_letter_config"] = {"arn": queue.queue_arn}
            aws_iam.Grant.add_to_principal(
                grantee=config.role, actions=["sqs:SendMessage"], resource_arns=[queue.queue_arn]
            )
        retries = config.retry_policy
        if (
            not retries
            or (
                retries.maximum_retry_attempts,
                retries.maximum_event_age_in_seconds,
            )
            == _DEFAULT_RETRIES
        ):
            added["retry_policy"] = {
                "maximum_retry_attempts": delivery["retry_attempts"],
                "maximum_event_age_in_seconds": delivery["max_event_age"].to_seconds(),
            }
        return scheduler.ScheduleTargetConfig(**{**struct_values(config), **added})
