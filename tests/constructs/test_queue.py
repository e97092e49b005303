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


def _ordered(stack: Stack) -> None:
    queue = WorkQueue(
        stack, "Orders", fifo=True, queue_name="orders.fifo", dead_letters_name="lost.fifo"
    )
    queue.feed(
        _function(stack), batch_size=10, max_concurrency=2, filters=[{"body": {"state": ["paid"]}}]
    )
    service = iam.Role(stack, "Service", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    queue.grant_consume(service)
    WorkQueue(stack, "Bills", dead_letters=WorkQueue(stack, "Lost"))


@pytest.fixture(scope="module")
def ordered() -> Template:
    return synthesise(ordered=_ordered)["ordered"]


def test_a_fifo_queue_orders_groups_at_high_throughput_and_drops_equal_messages(
    ordered: Template,
) -> None:
    ordered.has_resource_properties(
        "AWS::SQS::Queue",
        {
            "QueueName": "orders.fifo",
            "FifoQueue": True,
            "ContentBasedDeduplication": True,
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        },
    )
    ordered.has_resource_properties(
        "AWS::SQS::Queue", {"QueueName": "lost.fifo", "FifoQueue": True}
    )


def test_no_other_queue_may_use_the_dead_letter_queue_of_a_named_one(ordered: Template) -> None:
    allowed = Capture()
    ordered.has_resource_properties(
        "AWS::SQS::Queue", {"QueueName": "lost.fifo", "RedriveAllowPolicy": allowed}
    )

    assert allowed.as_object()["redrivePermission"] == "byQueue"
    assert "orders.fifo" in str(allowed.as_object()["sourceQueueArns"])


def test_a_consumer_gets_filtered_messages_a_few_at_a_time(ordered: Template) -> None:
    ordered.has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BatchSize": 10,
            "ScalingConfig": {"MaximumConcurrency": 2},
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"state": ["paid"]}}'}]},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    )


def test_a_service_may_receive_and_delete_but_not_send(ordered: Template) -> None:
    ordered.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    {
                        "Action": [
                            "sqs:ChangeMessageVisibility",
                            "sqs:DeleteMessage",
                            "sqs:GetQueueAttributes",
                            "sqs:GetQueueUrl",
                            "sqs:ReceiveMessage",
                        ],
                        "Effect": "Allow",
                        "Resource": Match.any_value(),
                    }
                ]
            }
        },
    )


def test_queues_may_share_dead_letters_that_exist(ordered: Template) -> None:
    shared = [
        queue
        for queue in properties(ordered, "AWS::SQS::Queue")
        if "Lost" in str(queue.get("RedrivePolicy"))
    ]

    assert len(shared) == 2


@pytest.mark.parametrize(("fifo", "name"), [(True, "orders"), (False, "orders.fifo")])
def test_the_name_of_a_fifo_queue_and_no_other_ends_in_fifo(fifo: bool, name: str) -> None:
    with pytest.raises(ConstructError, match="fifo"):
        WorkQueue(Stack(), "Orders", fifo=fifo, queue_name=name)


def test_a_fifo_queue_cannot_wait_for_a_batch() -> None:
    stack = Stack()

    with pytest.raises(ConstructError, match="a fifo queue has no batching_window_s"):
        WorkQueue(stack, "Orders", fifo=True).feed(_function(stack), batching_window_s=5)
