"""CloudWatch alarms for APIs, functions, queues, tables and ingestion jobs."""

from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import Duration, aws_lambda, aws_sns, aws_sqs
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

__all__ = [
    "add_dead_letter_alarm",
    "add_function_alarms",
    "add_queue_alarm",
    "add_table_alarms",
    "add_throttling_alarms",
    "function_timeout_s",
    "make_alarm",
    "service_metric",
    "throttled_requests",
]

_AT_LEAST: Final = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_LAMBDA_DEFAULT_TIMEOUT_S: Final = 3
_SLOW: Final = 0.8
_OPERATIONS: Final = (
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)


def make_alarm(
    scope: Construct,
    id_: str,
    metric: cloudwatch.IMetric,
    threshold: float,
    description: str,
    topic: aws_sns.ITopic,
    *,
    periods: int = 1,
    comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
    missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
) -> cloudwatch.Alarm:
    """Make an alarm that notifies `topic` when it starts and when it ends."""
    alarm = cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        threshold=threshold,
        alarm_description=description,
        evaluation_periods=periods,
        comparison_operator=comparison,
        treat_missing_data=missing_data,
        actions_enabled=True,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    alarm.add_ok_action(actions.SnsAction(topic))
    return alarm


def service_metric(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Sum",
    period_s: int = 300,
) -> cloudwatch.Metric:
    """Return a metric that an AWS service publishes."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=Duration.seconds(period_s),
    )


def function_timeout_s(function: aws_lambda.IFunction) -> int | None:
    """Return a function's timeout, or `None` for an imported function."""
    if not hasattr(function, "timeout"):
        return None
    timeout = cast("aws_lambda.Function", function).timeout
    return int(timeout.to_seconds()) if timeout else _LAMBDA_DEFAULT_TIMEOUT_S


def add_function_alarms(
    scope: Construct, function: aws_lambda.IFunction, topic: aws_sns.ITopic
) -> None:
    """Alarm on errors, throttles and, if the timeout is known, runs that nearly reach it."""
    path, dimensions = function.node.path, {"FunctionName": function.function_name}
    for id_, problem in (("Errors", "invocations fail"), ("Throttles", "invocations throttled")):
        metric = service_metric("AWS/Lambda", id_, dimensions)
        make_alarm(scope, id_, metric, 1, f"{path}: {problem}", topic)
    timeout_s = function_timeout_s(function)
    if timeout_s is not None:
        slow_ms = timeout_s * 1000 * _SLOW
        make_alarm(
            scope,
            "SlowRuns",
            service_metric("AWS/Lambda", "Duration", dimensions, statistic="p99"),
            slow_ms,
            f"{path}: 1% of invocations take more than {slow_ms:.0f} ms of {timeout_s} s",
            topic,
        )


def add_dead_letter_alarm(scope: Construct, queue: aws_sqs.IQueue, topic: aws_sns.ITopic) -> None:
    """Alarm on the first message in a dead-letter queue."""
    metric = service_metric(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": queue.queue_name},
        statistic="Maximum",
    )
    make_alarm(scope, "DeadLetters", metric, 1, f"{queue.node.path}: dead letters", topic)


def add_queue_alarm(
    scope: Construct, queue: aws_sqs.IQueue, topic: aws_sns.ITopic, *, max_age_s: int
) -> None:
    """Alarm when the oldest message has waited too long."""
    metric = queue.metric_approximate_age_of_oldest_message(statistic="Maximum")
    description = f"{queue.node.path}: the oldest message is over {max_age_s} s old"
    make_alarm(scope, "OldMessages", metric, max_age_s, description, topic)


def throttled_requests(table: dynamodb.ITable) -> cloudwatch.IMetric:
    """Return the number of throttled requests to `table` and its indexes."""
    return _sum_over_operations(table, "ThrottledRequests")


def add_throttling_alarms(
    scope: Construct, name: str, dimensions: Mapping[str, str], topic: aws_sns.ITopic
) -> None:
    """Alarm on throttled reads and on throttled writes of a table or an index."""
    for id_, metric_name in (("Reads", "ReadThrottleEvents"), ("Writes", "WriteThrottleEvents")):
        metric = service_metric("AWS/DynamoDB", metric_name, dimensions)
        make_alarm(scope, id_, metric, 1, f"{name}: throttled {id_.lower()}", topic, periods=2)


def add_table_alarms(scope: Construct, table: dynamodb.ITable, topic: aws_sns.ITopic) -> None:
    """Alarm on throttling of a table and on DynamoDB's own errors."""
    path = table.node.path
    add_throttling_alarms(scope, path, {"TableName": table.table_name}, topic)
    metric = _sum_over_operations(table, "SystemErrors")
    make_alarm(scope, "SystemErrors", metric, 1, f"{path}: errors of DynamoDB itself", topic)


def _sum_over_operations(table: dynamodb.ITable, name: str) -> cloudwatch.IMetric:
    dimensions = {"TableName": table.table_name}
    metrics = [
        service_metric("AWS/DynamoDB", name, dimensions | {"Operation": operation})
        for operation in _OPERATIONS
    ]
    # A graph of several sums needs ids that differ from table to table.
    ids = [f"m{position}_{table.node.addr}" for position in range(len(metrics))]
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({id_}, 0)" for id_ in ids),
        using_metrics=dict(zip(ids, metrics, strict=True)),
        label=f"{table.table_name}: {name}",
        period=Duration.seconds(300),
    )
