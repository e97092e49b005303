"""Alarms on what moves events: topics, rules, buses and state machines."""

from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions

from .alarms import AlarmSpec, Subject, service_metric

__all__ = [
    "bus_subject",
    "rule_subject",
    "state_machine_subject",
    "topic_subject",
]


def topic_subject(topic: sns.ITopic) -> Subject:
    """Watch a topic for messages that it could not deliver."""
    failed = topic.metric_number_of_notifications_failed(statistic="Sum")
    sent = topic.metric_number_of_messages_published(statistic="Sum")
    alarm = AlarmSpec(
        name="undelivered", metric=failed, threshold=1, problem="messages could not be delivered"
    )
    return Subject(topic.node.path, [alarm], {"messages": [sent], "undelivered": [failed]})


def rule_subject(rule: events.IRule) -> Subject:
    """Watch a rule for events that it could not deliver, and for those that are lost."""
    resource = rule.node.default_child
    bus = resource.event_bus_name if isinstance(resource, events.CfnRule) else None
    # A rule of the default bus has only its own name as dimension.
    dimensions = {"RuleName": rule.rule_name} | ({"EventBusName": bus} if bus else {})
    failed, lost = (
        service_metric("AWS/Events", name, dimensions)
        for name in ("FailedInvocations", "InvocationsFailedToBeSentToDlq")
    )
    alarms = [
        AlarmSpec(
            name="failed_deliveries",
            metric=failed,
            threshold=1,
            problem="events could not be delivered",
        ),
        AlarmSpec(
            name="lost_events",
            metric=lost,
            threshold=1,
            problem="events reached neither the target nor the dead-letter queue",
        ),
    ]
    return Subject(rule.node.path, alarms, {"undelivered": [failed]})


def bus_subject(bus: events.IEventBus) -> Subject:
    """Show how often a bus tries to deliver; its rules have the alarms."""
    dimensions = {"EventBusName": bus.event_bus_name}
    attempts = service_metric("AWS/Events", "InvocationAttempts", dimensions)
    return Subject(bus.node.path, [], {"deliveries": [attempts]})


def state_machine_subject(machine: stepfunctions.IStateMachine) -> Subject:
    """Watch a state machine for executions that fail, time out or are throttled."""
    failed = machine.metric_failed(statistic="Sum")
    timed_out = machine.metric_timed_out(statistic="Sum")
    alarms = [
        AlarmSpec(
            name="failed_executions", metric=failed, threshold=1, problem="executions have failed"
        ),
        AlarmSpec(
            name="timed_out_executions",
            metric=timed_out,
            threshold=1,
            problem="executions have timed out",
        ),
        AlarmSpec(
            name="throttled_executions",
            metric=machine.metric_throttled(statistic="Sum"),
            threshold=1,
            problem="transitions were throttled",
        ),
    ]
    graphs = {
        "executions": [machine.metric_started(statistic="Sum")],
        "errors": [failed, timed_out],
    }
    return Subject(machine.node.path, alarms, graphs)
