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
from signal9_handlers import failures
from tests.constructs.lab import Made, actions, properties, synthesise, text, topic

ALARM = "AWS::CloudWatch::Alarm"


def _told(stack: Stack) -> None:
    observability = Observability(
        stack,
        "Seen",
        namespace="Shop",
        dashboard_name="Shop-dev",
        emails=["a@shop.example", "b@shop.example"],
    )
    observability.grant_notify(
        iam.Role(stack, "Notifier", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    )


def _own_key(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    mail = ["a@shop.example"]
    Observability(stack, "Seen", namespace="Shop", emails=mail, encryption_key=key)


def _watched(stack: Stack) -> None:
    observability = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
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
    observability.watch(
        "Catalogue",
        apis=[api],
        functions=[function, hasty],
        tables=[table],
        queues=[sqs.Queue(stack, "Queue")],
        dead_letters=[sqs.Queue(stack, "Dead")],
    )
    observability.watch_ingestion(
        "Prices", successes="PricesIngested", failures="IngestionFailed", silent_hours=30
    )


def _tables(stack: Stack) -> None:
    observability = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    made = [dynamodb.TableV2(stack, name, partition_key=key) for name in ("Books", "Loans")]
    known = dynamodb.Table.from_table_name(stack, "Readers", "readers")
    lend = lambda_.Function.from_function_name(stack, "Lend", "lend")
    observability.watch("Library", tables=[*made, known], functions=[lend])


def _logged(stack: Stack) -> None:
    observability = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
    group = observability.log_group("Jobs", name="/shop/jobs", retention_days=14)
    observability.count_in_logs(
        "Timeouts", log_group=group, pattern=logs.FilterPattern.literal("timed out")
    )


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


def test_people_are_notified_by_mail_over_an_encrypted_topic(made: Made) -> None:
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


def test_undelivered_messages_are_encrypted_with_the_given_key(made: Made) -> None:
    may = {"Principal": {"Service": "sns.amazonaws.com"}, "Effect": "Allow"}

    made["own_key"].has_resource_properties(
        "AWS::SQS::Queue", {"KmsMasterKeyId": Match.any_value()}
    )
    made["own_key"].has_resource_properties(
        "AWS::KMS::Key", {"KeyPolicy": {"Statement": Match.array_with([Match.object_like(may)])}}
    )


def test_grant_notify_includes_the_key(made: Made) -> None:
    assert {"sns:Publish", "kms:Decrypt"} <= actions(made["told"])


def test_an_existing_topic_is_used(made: Made) -> None:
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
def test_every_problem_has_its_alarm(
    made: Made, metric: str, expected: Mapping[str, object]
) -> None:
    alarm = _alarms(made["watched"])[metric]

    assert {key: alarm[key] for key in expected} == expected


def test_many_client_errors_alarm_only_above_the_threshold(made: Made) -> None:
    alarm = _alarms(made["watched"])["4XXError"]

    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"


def test_slow_runs_alarm_near_the_functions_own_timeout(made: Made) -> None:
    thresholds = {
        alarm["Threshold"]
        for alarm in properties(made["watched"], ALARM)
        if alarm.get("MetricName") == "Duration"
    }

    assert thresholds == {16000, 2400}


def test_an_imported_function_has_no_alarm_on_slow_runs(made: Made) -> None:
    watched = {
        str(alarm["MetricName"])
        for alarm in properties(made["tables"], ALARM)
        if alarm.get("Namespace") == "AWS/Lambda"
    }

    assert watched == {"Errors", "Throttles"}


def test_no_success_is_an_alarm(made: Made) -> None:
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


def test_several_tables_share_a_graph(made: Made) -> None:
    body = text(made["tables"])
    sums = [
        str(alarm["Metrics"]) for alarm in properties(made["tables"], ALARM) if "Metrics" in alarm
    ]

    assert body.count("Library: throttled") == 1
    assert "readers: ThrottledRequests" in body
    assert len(set(sums)) == len(sums) == 3


def test_log_lines_are_counted_in_the_namespace(made: Made) -> None:
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
    observability = Observability(Stack(), "Seen", namespace="Shop")

    metric = observability.metric("Orders", dimensions={"Shop": "north"}, statistic="Average")

    assert (metric.namespace, metric.metric_name, metric.statistic) == ("Shop", "Orders", "Average")
    assert json.loads(json.dumps(metric.dimensions)) == {"Shop": "north"}


@pytest.mark.parametrize("name", ["Topic", "Orders"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    observability = Observability(Stack(), "Seen", namespace="Shop")
    observability.watch("Orders")

    with pytest.raises(ConstructError, match=f"'{name}' is taken"):
        observability.watch(name)


@pytest.mark.parametrize("hours", [0, 169])
def test_more_silent_hours_than_cloudwatch_evaluates_are_refused(hours: int) -> None:
    observability = Observability(Stack(), "Seen", namespace="Shop")

    with pytest.raises(ConstructError, match=f"silent_hours={hours}: must be"):
        observability.watch_ingestion("Prices", successes="A", failures="B", silent_hours=hours)


@pytest.fixture
def written() -> Mapping[str, object]:
    """What the function that reports failures would write for one of them."""
    failures.metrics.add_metric(name=failures.FAILED_EVENTS, unit="Count", value=1)
    record: dict[str, object] = json.loads(json.dumps(failures.metrics.serialize_metric_set()))
    failures.metrics.clear_metrics()
    return record


def _alarmed_metric() -> cloudwatch.Metric:
    observability = Observability(Stack(), "Seen", namespace="Signal9")
    return observability.metric(failures.FAILED_EVENTS, dimensions={"service": "signal9"})


def test_an_alarm_uses_the_metric_that_a_handler_writes(written: Mapping[str, object]) -> None:
    metric = _alarmed_metric()

    (directive,) = written["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    assert directive["Namespace"] == metric.namespace
    assert [each["Name"] for each in directive["Metrics"]] == [metric.metric_name]
    assert directive["Dimensions"] == [list(metric.dimensions or {})]
    assert {name: written[name] for name in metric.dimensions or {}} == metric.dimensions
