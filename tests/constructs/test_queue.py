"""WorkQueue: tried, tried again, and then kept apart."""

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Capture, Match, Template

from signal9_constructs import ConstructError, WorkQueue
from tests.constructs.lab import Made, actions, properties, synthesise, topic

QUEUE = "AWS::SQS::Queue"


def _function(stack: Stack, timeout_s: int | None = 30) -> lambda_.Function:
    return lambda_.Function(
        stack,
        "Worker",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        timeout=Duration.seconds(timeout_s) if timeout_s else None,
    )


def _plain(stack: Stack) -> None:
    work = WorkQueue(stack, "Work")
    work.feed(_function(stack))
    work.grant_send(
        iam.Role(stack, "Planner", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    )


def _full(stack: Stack) -> None:
    work = WorkQueue(
        stack,
        "Work",
        work_s=60,
        attempts=5,
        queue_name="work",
        retention_days=14,
        max_age_s=600,
        encryption_key=kms.Key(stack, "Key"),
        alarm_topic=topic(stack),
        removal_policy=RemovalPolicy.DESTROY,
    )
    work.feed(_function(stack), batch_size=20, batching_window_s=5, max_concurrency=2)


def _known(stack: Stack) -> None:
    worker = lambda_.Function.from_function_attributes(
        stack,
        "Worker",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:worker",
        role=iam.Role.from_role_name(stack, "Role", "worker"),
        same_environment=True,
    )
    WorkQueue(stack, "Work", work_s=1).feed(worker)


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full, known=_known)


def test_a_message_that_fails_three_times_is_a_dead_letter(made: Made) -> None:
    apart = Capture()

    made["plain"].has_resource_properties(
        QUEUE,
        {
            "RedrivePolicy": {
                "maxReceiveCount": 3,
                "deadLetterTargetArn": {"Fn::GetAtt": [apart, "Arn"]},
            },
            "VisibilityTimeout": 180,
        },
    )
    assert apart.as_string().startswith("WorkDeadLetters")


def test_what_a_killed_function_had_may_be_visible_after_its_timeout() -> None:
    stack = Stack()
    WorkQueue(stack, "Work", work_s=300, visibility_factor=1)

    Template.from_stack(stack).has_resource_properties(QUEUE, {"VisibilityTimeout": 300})


def test_only_failed_messages_of_a_batch_are_retried(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {"BatchSize": 1, "FunctionResponseTypes": ["ReportBatchItemFailures"]},
    )


def test_messages_are_encrypted_and_sent_over_tls(made: Made) -> None:
    made["plain"].all_resources_properties(QUEUE, {"SqsManagedSseEnabled": True})
    made["plain"].resource_count_is("AWS::SQS::QueuePolicy", 2)


def test_grant_send_does_not_allow_receiving(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    Match.object_like(
                        {"Action": ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]}
                    )
                ]
            }
        },
    )
    assert "sqs:ReceiveMessage" in actions(made["plain"])


def test_every_default_can_be_changed(made: Made) -> None:
    made["full"].has_resource_properties(
        QUEUE,
        {
            "QueueName": "work",
            "VisibilityTimeout": 360,
            "MessageRetentionPeriod": 1209600,
            "KmsMasterKeyId": Match.any_value(),
        },
    )
    made["full"].has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BatchSize": 20,
            "MaximumBatchingWindowInSeconds": 5,
            "ScalingConfig": {"MaximumConcurrency": 2},
        },
    )


def test_queues_are_retained_by_default(made: Made) -> None:
    made["plain"].all_resources(QUEUE, {"DeletionPolicy": "RetainExceptOnCreate"})
    made["full"].all_resources(QUEUE, {"DeletionPolicy": "Delete"})


def test_old_messages_and_dead_letters_notify(made: Made) -> None:
    alarms = properties(made["full"], "AWS::CloudWatch::Alarm")

    assert {alarm["MetricName"]: alarm["Threshold"] for alarm in alarms} == {
        "ApproximateAgeOfOldestMessage": 600,
        "ApproximateNumberOfMessagesVisible": 1,
    }


def test_an_imported_function_may_process_messages(made: Made) -> None:
    made["known"].has_resource_properties(
        "AWS::Lambda::EventSourceMapping", {"FunctionName": "worker"}
    )
    assert "sqs:ReceiveMessage" in actions(made["known"])


@pytest.mark.parametrize(("timeout_s", "work_s"), [(31, 30), (None, 2)])
def test_a_function_with_a_longer_timeout_is_refused(timeout_s: int | None, work_s: int) -> None:
    stack = Stack()
    slow = _function(stack, timeout_s)

    with pytest.raises(ConstructError, match=f"longer than work_s={work_s}"):
        WorkQueue(stack, "Work", work_s=work_s).feed(slow)
