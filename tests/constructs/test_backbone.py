"""EventBackbone: described, archived, delivered or parked."""

import json
from typing import Any, cast

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Capture, Match, Template

from signal9_constructs import ConstructError, EventBackbone, WorkQueue
from signal9_constructs.json_schema import DRAFT_4
from signal9_constructs.targets import RuleTarget
from tests.constructs.lab import Made, actions, only, properties, synthesise, topic

PLACED = {
    "type": "object",
    "properties": {"customer": {"type": "string"}, "state": {"enum": ["open", "paid"]}},
    "required": ["customer"],
}


PAID = {"type": "object", "properties": {"total": {"exclusiveMinimum": 0}}}


def _function(stack: Stack) -> lambda_.IFunction:
    return lambda_.Function.from_function_attributes(
        stack,
        "Bill",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:bill",
        same_environment=True,
    )


def _plain(stack: Stack) -> None:
    backbone = EventBackbone(stack, "Events")
    backbone.grant_publish(
        iam.Role(stack, "Shop", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    )


def _full(stack: Stack) -> None:
    backbone = EventBackbone(
        stack,
        "Events",
        bus_name="shop-dev",
        schemas={"Order Placed": PLACED, "Order.Paid/v2": PAID},
        archive_days=7,
        publisher_accounts=["210987654321"],
        retries=3,
        max_event_age_s=600,
        alarm_topic=topic(stack),
    )
    bill = _function(stack)
    backbone.rule(
        "Bill",
        source="shop.orders",
        detail_types=["Order Placed"],
        detail={"state": ["open"]},
        targets=[bill, sqs.Queue(stack, "Queue")],
    )
    backbone.schedule(
        "Nightly",
        function=bill,
        schedule="cron(0 6 * * ? *)",
        time_zone="America/New_York",
        payload={"job": "prices"},
    )


def _secret(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    EventBackbone(stack, "Events", encryption_key=key, archive_days=None, register_schemas=False)


def _given(stack: Stack) -> None:
    bus = events.EventBus.from_event_bus_name(stack, "Old", "default")
    backbone = EventBackbone(
        stack,
        "Events",
        bus=bus,
        encryption_key=kms.Key(stack, "Key"),
        removal_policy=RemovalPolicy.DESTROY,
    )
    backbone.rule("Bill", source="shop", detail_types=["Placed"], targets=[_function(stack)])


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full, secret=_secret, given=_given)


def test_events_of_this_account_are_kept_for_a_month(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::Events::Archive", {"RetentionDays": 30, "EventPattern": {"account": ["123456789012"]}}
    )


def test_events_of_publisher_accounts_are_archived_too(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::Events::Archive", {"EventPattern": {"account": ["123456789012", "210987654321"]}}
    )


@pytest.mark.parametrize("kind", ["EventBus", "Archive"])
def test_a_bus_and_its_archive_survive_their_stack(made: Made, kind: str) -> None:
    made["plain"].has_resource(f"AWS::Events::{kind}", {"DeletionPolicy": "RetainExceptOnCreate"})
    made["given"].has_resource("AWS::Events::Archive", {"DeletionPolicy": "Delete"})


def test_publishers_may_only_publish(made: Made) -> None:
    assert actions(made["plain"]) == {"events:PutEvents"}


def test_every_schema_is_in_the_registry(made: Made) -> None:
    schemas = properties(made["full"], "AWS::EventSchemas::Schema")

    known = {str(each["SchemaName"]): json.loads(cast("str", each["Content"])) for each in schemas}
    assert set(known) == {"OrderPlaced", "Order.Paidv2"}
    assert known["OrderPlaced"] == {**PLACED, "$schema": DRAFT_4}
    assert known["Order.Paidv2"]["properties"]["total"] == {"minimum": 0, "exclusiveMinimum": True}


def test_other_accounts_get_in_only_when_named(made: Made) -> None:
    policy = only(made["full"], "AWS::Events::EventBusPolicy")

    assert "210987654321" in json.dumps(policy)
    made["plain"].resource_count_is("AWS::Events::EventBusPolicy", 0)


def test_every_target_of_a_rule_has_a_dead_letter_queue_retries_and_an_age_limit(
    made: Made,
) -> None:
    queue = Capture()
    guarded = {
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": [queue, "Arn"]}},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
    }

    made["full"].has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["shop.orders"],
                "detail-type": ["Order Placed"],
                "detail": {"state": ["open"]},
            },
            "Targets": [Match.object_like(guarded), Match.object_like(guarded)],
        },
    )
    assert queue.as_string().startswith("EventsDeadLetters")


def test_a_schedule_keeps_local_time_and_parks_what_it_cannot_deliver(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "cron(0 6 * * ? *)",
            "ScheduleExpressionTimezone": "America/New_York",
            "State": "ENABLED",
            "Target": {
                "Input": '{"job":"prices"}',
                "DeadLetterConfig": Match.any_value(),
                "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
            },
        },
    )


def test_a_message_in_the_dead_letter_queue_notifies(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {"MetricName": "ApproximateNumberOfMessagesVisible", "Threshold": 1},
    )
    made["plain"].resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_archive_and_registry_can_be_left_out(made: Made) -> None:
    made["secret"].resource_count_is("AWS::Events::Archive", 0)
    made["secret"].resource_count_is("AWS::EventSchemas::Schema", 0)


def test_a_bus_that_exists_gets_an_archive_and_rules(made: Made) -> None:
    made["given"].resource_count_is("AWS::Events::EventBus", 0)
    made["given"].resource_count_is("AWS::Events::Archive", 1)
    made["given"].has_resource_properties("AWS::Events::Rule", {"EventBusName": "default"})


def test_events_that_cannot_be_decrypted_are_dead_letters(made: Made) -> None:
    made["secret"].has_resource_properties(
        "AWS::Events::EventBus",
        {"KmsKeyIdentifier": Match.any_value(), "DeadLetterConfig": Match.any_value()},
    )


@pytest.mark.parametrize("name", ["secret", "given"])
def test_eventbridge_may_use_the_key_of_the_dead_letter_queue(made: Made, name: str) -> None:
    may = {"Principal": {"Service": "events.amazonaws.com"}, "Effect": "Allow"}

    made[name].has_resource_properties(
        "AWS::KMS::Key", {"KeyPolicy": {"Statement": Match.array_with([Match.object_like(may)])}}
    )


def test_only_schedules_of_this_account_may_take_the_role(made: Made) -> None:
    made["full"].has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    Match.object_like(
                        {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}
                    )
                ]
            }
        },
    )


@pytest.mark.parametrize("wrong", ["daily", "rate(1)", "cron(0 6 * * *)", "at(tomorrow)"])
def test_an_invalid_schedule_is_refused(wrong: str) -> None:
    stack = Stack()

    with pytest.raises(ConstructError, match="invalid schedule"):
        EventBackbone(stack, "Events").schedule("No", function=_function(stack), schedule=wrong)


@pytest.mark.parametrize("detail_types", [["Order Lost"], ["Order Placed", "Order Lost"], []])
def test_a_rule_for_a_detail_type_without_a_schema_is_refused(detail_types: list[str]) -> None:
    backbone = EventBackbone(Stack(), "Events", schemas={"Order Placed": PLACED})

    with pytest.raises(ConstructError, match="no schema for detail types"):
        backbone.rule("No", source="shop", detail_types=detail_types, targets=[])


def test_a_rule_may_opt_out_of_the_check_of_detail_types() -> None:
    stack = Stack()
    backbone = EventBackbone(stack, "Events", schemas={"Order Placed": PLACED})

    backbone.rule(
        "Yes",
        source=["a", "b"],
        detail_types=["Order Lost"],
        check_detail_types=False,
        targets=[_function(stack)],
    )

    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule", {"EventPattern": {"source": ["a", "b"], "detail-type": ["Order Lost"]}}
    )


def test_without_schemas_every_detail_type_is_accepted() -> None:
    pattern = EventBackbone(Stack(), "Events").pattern(source="a", detail_types=["Anything"])

    assert pattern.detail_type == ["Anything"]


def _connected(stack: Stack) -> None:
    elsewhere = "arn:aws:events:eu-west-1:210987654321:event-bus/partner"
    backbone = EventBackbone(
        stack, "Events", publisher_organizations=["o-1234567890"], discover_schemas=True, retries=3
    )
    job = sfn.StateMachine(
        stack, "Job", definition_body=sfn.DefinitionBody.from_string('{"StartAt": "End"}')
    )
    ordered = WorkQueue(stack, "Ordered", fifo=True)
    targets: list[RuleTarget] = [
        job,
        events.EventBus.from_event_bus_arn(stack, "Partner", elsewhere),
        EventBackbone(stack, "Other", archive_days=None),
        sns.Topic(stack, "News"),
        logs.LogGroup(stack, "Log"),
        ordered,
        event_targets.SfnStateMachine(job, retry_attempts=1),
    ]
    for position, target in enumerate(targets):
        backbone.rule(f"To{position}", source="shop", detail_types=["Paid"], targets=[target])
    backbone.rule("Ofaws", source="aws.s3", targets=[_function(stack)])
    window = scheduler.TimeWindow.flexible(Duration.minutes(5))
    backbone.schedule("Job", target=job, schedule="rate(1 day)", props={"time_window": window})
    backbone.schedule("Send", target=ordered, schedule="rate(1 day)")
    own = scheduler_targets.StepFunctionsStartExecution(job)
    backbone.schedule("Own", target=own, schedule="rate(1 day)")


@pytest.fixture(scope="module")
def connected() -> Template:
    return synthesise(connected=_connected)["connected"]


def _targets(template: Template, source: str) -> list[dict[str, Any]]:
    rules: list[Any] = properties(template, "AWS::Events::Rule")
    return [
        target
        for rule in rules
        for target in rule["Targets"]
        if rule["EventPattern"]["source"] == [source]
    ]


def test_whatever_a_rule_sends_to_has_dead_letters_and_retries(connected: Template) -> None:
    targets = _targets(connected, "shop")

    assert len(targets) == 7
    assert all("EventsDeadLetters" in str(target["DeadLetterConfig"]) for target in targets)
    assert [target["RetryPolicy"]["MaximumRetryAttempts"] for target in targets] == [
        *[3] * 6,
        1,  # its own
    ]


def test_every_rule_may_send_to_the_dead_letter_queue(connected: Template) -> None:
    policies = properties(connected, "AWS::SQS::QueuePolicy")

    (policy,) = (text for text in map(str, policies) if "EventsDeadLetters" in text)
    assert [n for n in range(7) if f"EventsTo{n}" not in policy] == []


def test_a_bus_of_another_account_and_region_is_a_target_with_a_role(connected: Template) -> None:
    (target,) = (each for each in _targets(connected, "shop") if "210987654321" in str(each["Arn"]))

    assert target["RoleArn"]
    assert "events:PutEvents" in actions(connected)


def test_events_of_a_rule_keep_their_order_in_a_fifo_queue(connected: Template) -> None:
    (target,) = (each for each in _targets(connected, "shop") if "SqsParameters" in each)

    assert target["SqsParameters"] == {"MessageGroupId": "To5"}


def test_rules_for_events_of_aws_are_on_the_default_bus(connected: Template) -> None:
    rules = properties(connected, "AWS::Events::Rule")

    (rule,) = (rule for rule in rules if "aws.s3" in str(rule["EventPattern"]))
    assert "EventBusName" not in rule
    assert "detail-type" not in str(rule["EventPattern"])


def test_events_of_aws_and_of_others_cannot_be_in_one_rule() -> None:
    backbone = EventBackbone(Stack(), "Events")

    with pytest.raises(ConstructError, match="default bus"):
        backbone.rule("No", source=["aws.s3", "shop"], detail_types=["Paid"], targets=[])


def test_an_organization_may_publish_and_its_events_are_archived(connected: Template) -> None:
    policy = only(connected, "AWS::Events::EventBusPolicy")
    archive = only(connected, "AWS::Events::Archive")

    assert "'aws:PrincipalOrgID': 'o-1234567890'" in str(policy)
    assert archive["EventPattern"] == {"account": [{"exists": True}]}
    connected.resource_count_is("AWS::EventSchemas::Discoverer", 1)


def test_every_schedule_has_dead_letters_and_the_same_retries(connected: Template) -> None:
    schedules: list[Any] = properties(connected, "AWS::Scheduler::Schedule")

    assert len(schedules) == 3
    assert all("EventsDeadLetters" in str(each["Target"]["DeadLetterConfig"]) for each in schedules)
    assert {each["Target"]["RetryPolicy"]["MaximumRetryAttempts"] for each in schedules} == {3}
    assert [each["FlexibleTimeWindow"]["Mode"] for each in schedules] == ["FLEXIBLE", "OFF", "OFF"]


def test_a_key_encrypts_the_archive_too(made: Made) -> None:
    made["given"].has_resource_properties(
        "AWS::Events::Archive", {"KmsKeyIdentifier": Match.any_value()}
    )


def test_a_schedule_has_exactly_one_target() -> None:
    stack = Stack()
    backbone, function = EventBackbone(stack, "Events"), _function(stack)

    wrong: list[dict[str, Any]] = [{}, {"function": function, "target": function}]
    for given in wrong:
        with pytest.raises(ConstructError, match="either function or target"):
            backbone.schedule("No", schedule="rate(1 day)", **given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bus_name": "shop"}, "bus exists"),
        ({"props": events.EventBusProps(description="Shop")}, "bus exists"),
    ],
)
def test_a_bus_that_exists_keeps_its_settings(arguments: dict[str, Any], message: str) -> None:
    stack = Stack()
    bus = events.EventBus.from_event_bus_name(stack, "Old", "old")

    with pytest.raises(ConstructError, match=message):
        EventBackbone(stack, "Events", bus=bus, **arguments)
