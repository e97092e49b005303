"""Observability: people are told, services have rows, silence is noticed."""

import json
from collections.abc import Mapping
from typing import cast

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template

from signal9_constructs import ConstructError, Observability
from signal9_handlers.jobs import failures
from tests.constructs.lab import Made, actions, properties, synthesise, text, topic

ALARM = "AWS::CloudWatch::Alarm"


def _told(stack: Stack) -> None:
    seen = Observability(
        stack,
        "Seen",
        namespace="Shop",
        dashboard_name="Shop-dev",
        emails=["a@shop.example", "b@shop.example"],
    )
    seen.grant_notify(
        iam.Role(stack, "Notifier", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    )


def _own_key(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    mail = ["a@shop.example"]
    Observability(stack, "Seen", namespace="Shop", emails=mail, encryption_key=key)


def _watched(stack: Stack) -> None:
    seen = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    runtime = lambda_.Runtime.PYTHON_3_14
    function = lambda_.Function(
        stack,
        "Function",
        runtime=runtime,
        handler="index.handler",
        code=code,
        timeout=Duration.seconds(20),
    )
    hasty = lambda_.Function(stack, "Hasty", runtime=runtime, handler="index.handler", code=code)
    api = apigateway.LambdaRestApi(stack, "Api", handler=function)
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    table = dynamodb.TableV2(stack, "Table", partition_key=key)
    seen.watch(
        "Catalogue",
        apis=[api],
        functions=[function, hasty],
        tables=[table],
        queues=[sqs.Queue(stack, "Queue")],
        dead_letters=[sqs.Queue(stack, "Dead")],
    )
    seen.watch_ingestion(
        "Prices", successes="PricesIngested", failures="IngestionFailed", silent_hours=30
    )


def _tables(stack: Stack) -> None:
    seen = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    made = [dynamodb.TableV2(stack, name, partition_key=key) for name in ("Books", "Loans")]
    known = dynamodb.Table.from_table_name(stack, "Readers", "readers")
    lend = lambda_.Function.from_function_name(stack, "Lend", "lend")
    seen.watch("Library", tables=[*made, known], functions=[lend])


def _logged(stack: Stack) -> None:
    seen = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
    group = seen.log_group("Jobs", name="/shop/jobs", retention_days=14)
    seen.count_in_logs("Timeouts", log_group=group, pattern=logs.FilterPattern.literal("timed out"))


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        told=_told, own_key=_own_key, watched=_watched, logged=_logged, tables=_tables
    )


def _alarms(template: Template) -> dict[str, dict[str, object]]:
    found = properties(template, ALARM)
    return {str(alarm.get("MetricName") or _first(alarm)): alarm for alarm in found}


def _first(alarm: Mapping[str, object]) -> str:
    metrics = cast("list[dict[str, dict[str, dict[str, str]]]]", alarm["Metrics"])
    return metrics[-1]["MetricStat"]["Metric"]["MetricName"]


def test_people_are_told_by_mail_over_an_encrypted_topic(made: Made) -> None:
    subscriptions = properties(made["told"], "AWS::SNS::Subscription")

    made["told"].has_resource_properties("AWS::SNS::Topic", {"KmsMasterKeyId": Match.any_value()})
    assert {each["Endpoint"] for each in subscriptions} == {"a@shop.example", "b@shop.example"}
    assert all("deadLetterTargetArn" in str(each["RedrivePolicy"]) for each in subscriptions)


def test_cloudwatch_may_use_the_topics_key(made: Made) -> None:
    made["told"].has_resource_properties(
        "AWS::KMS::Key",
        {
            "EnableKeyRotation": True,
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [Match.object_like({"Principal": {"Service": "cloudwatch.amazonaws.com"}})]
                )
            },
        },
    )


def test_alarms_of_this_account_may_publish(made: Made) -> None:
    alarms = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }

    made["told"].has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(alarms)])}},
    )


def test_what_cannot_be_sent_is_parked_with_the_key_that_was_given(made: Made) -> None:
    may = {"Principal": {"Service": "sns.amazonaws.com"}, "Effect": "Allow"}

    made["own_key"].has_resource_properties(
        "AWS::SQS::Queue", {"KmsMasterKeyId": Match.any_value()}
    )
    made["own_key"].has_resource_properties(
        "AWS::KMS::Key", {"KeyPolicy": {"Statement": Match.array_with([Match.object_like(may)])}}
    )


def test_whoever_may_notify_may_use_the_key(made: Made) -> None:
    assert {"sns:Publish", "kms:Decrypt"} <= actions(made["told"])


def test_a_given_topic_is_used_and_none_is_made(made: Made) -> None:
    made["watched"].resource_count_is("AWS::SNS::Topic", 0)
    made["watched"].all_resources_properties(
        ALARM, {"AlarmActions": [Match.any_value()], "OKActions": [Match.any_value()]}
    )


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("4XXError", {"Threshold": 10, "EvaluationPeriods": 2}),
        ("5XXError", {"Threshold": 1}),
        ("Latency", {"Threshold": 3000, "ExtendedStatistic": "p99"}),
        ("Errors", {"Threshold": 1}),
        ("Throttles", {"Threshold": 1}),
        ("ReadThrottleEvents", {"Threshold": 1, "EvaluationPeriods": 2}),
        ("WriteThrottleEvents", {"Threshold": 1, "EvaluationPeriods": 2}),
        ("SystemErrors", {"Threshold": 1}),
        ("ApproximateAgeOfOldestMessage", {"Threshold": 3600}),
        ("ApproximateNumberOfMessagesVisible", {"Threshold": 1}),
        ("IngestionFailed", {"Threshold": 1, "TreatMissingData": "notBreaching"}),
    ],
)
def test_each_kind_of_trouble_has_its_alarm(
    made: Made, metric: str, expected: Mapping[str, object]
) -> None:
    alarm = _alarms(made["watched"])[metric]

    assert {key: alarm[key] for key in expected} == expected


def test_many_client_errors_alarm_only_above_the_threshold(made: Made) -> None:
    alarm = _alarms(made["watched"])["4XXError"]

    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"


def test_runs_near_the_timeout_alarm_by_the_functions_own_timeout(made: Made) -> None:
    thresholds = {
        alarm["Threshold"]
        for alarm in properties(made["watched"], ALARM)
        if alarm.get("MetricName") == "Duration"
    }

    assert thresholds == {16000, 2400}


def test_of_a_function_whose_timeout_nobody_here_knows_only_slowness_is_not_watched(
    made: Made,
) -> None:
    watched = {
        str(alarm["MetricName"])
        for alarm in properties(made["tables"], ALARM)
        if alarm.get("Namespace") == "AWS/Lambda"
    }

    assert watched == {"Errors", "Throttles"}


def test_silence_is_an_alarm(made: Made) -> None:
    alarm = _alarms(made["watched"])["PricesIngested"]

    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, 30)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"


def test_the_dashboard_has_a_row_per_service(made: Made) -> None:
    made["told"].has_resource_properties(
        "AWS::CloudWatch::Dashboard", {"DashboardName": "Shop-dev"}
    )
    body = text(made["watched"])

    assert all(f"Catalogue: {label}" in body for label in ("requests", "errors", "throttled"))
    assert "Prices: succeeded" in body


def test_several_tables_share_a_graph_and_are_told_apart(made: Made) -> None:
    body = text(made["tables"])
    sums = [
        str(alarm["Metrics"]) for alarm in properties(made["tables"], ALARM) if "Metrics" in alarm
    ]

    assert body.count("Library: throttled") == 1
    assert "readers: ThrottledRequests" in body
    assert len(set(sums)) == len(sums) == 3


def test_lines_in_a_log_are_counted_in_our_namespace(made: Made) -> None:
    made["logged"].has_resource_properties(
        "AWS::Logs::MetricFilter",
        {
            "FilterPattern": "timed out",
            "MetricTransformations": [
                Match.object_like(
                    {"MetricNamespace": "Shop", "MetricName": "Timeouts", "DefaultValue": 0}
                )
            ],
        },
    )
    made["logged"].has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "/shop/jobs", "RetentionInDays": 14}
    )


def test_metrics_of_our_own_carry_their_dimensions() -> None:
    seen = Observability(Stack(), "Seen", namespace="Shop")

    metric = seen.metric("Orders", dimensions={"Shop": "north"}, statistic="Average")

    assert (metric.namespace, metric.metric_name, metric.statistic) == ("Shop", "Orders", "Average")
    assert json.loads(json.dumps(metric.dimensions)) == {"Shop": "north"}


@pytest.mark.parametrize("name", ["Topic", "Orders"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    seen = Observability(Stack(), "Seen", namespace="Shop")
    seen.watch("Orders")

    with pytest.raises(ConstructError, match=f"'{name}' is taken"):
        seen.watch(name)


@pytest.mark.parametrize("hours", [0, 169])
def test_silence_longer_than_cloudwatch_remembers_is_refused(hours: int) -> None:
    seen = Observability(Stack(), "Seen", namespace="Shop")

    with pytest.raises(ConstructError, match=f"silent_hours={hours}: must be"):
        seen.watch_ingestion("Prices", successes="A", failures="B", silent_hours=hours)


@pytest.fixture
def written() -> Mapping[str, object]:
    """What the function that reports failures would write for one of them."""
    failures.metrics.add_metric(name=failures.FAILED_EVENTS, unit="Count", value=1)
    record: dict[str, object] = json.loads(json.dumps(failures.metrics.serialize_metric_set()))
    failures.metrics.clear_metrics()
    return record


def _alarmed_metric() -> cloudwatch.Metric:
    seen = Observability(Stack(), "Seen", namespace="Signal9")
    return seen.metric(failures.FAILED_EVENTS, dimensions={"service": "signal9"})


def test_an_alarm_looks_where_a_handler_writes(written: Mapping[str, object]) -> None:
    metric = _alarmed_metric()

    (directive,) = written["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    assert directive["Namespace"] == metric.namespace
    assert [each["Name"] for each in directive["Metrics"]] == [metric.metric_name]
    assert directive["Dimensions"] == [list(metric.dimensions or {})]
    assert {name: written[name] for name in metric.dimensions or {}} == metric.dimensions
