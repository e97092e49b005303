"""The alarms that each kind of resource deserves, made below the scope that is given."""

from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda, aws_sns, aws_sqs
from constructs import Construct

from .alarms import make_alarm, metric, total

__all__ = [
    "throttled",
    "timeout_of",
    "watch_api",
    "watch_dead_letters",
    "watch_function",
    "watch_ingestion",
    "watch_queue",
    "watch_table",
    "watch_throttling",
]

_DEFAULT_TIMEOUT_S: Final = 3
_NEAR_TIMEOUT: Final = 0.8
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


def watch_api(
    scope: Construct,
    stage: apigateway.StageBase,
    *,
    topic: aws_sns.ITopic,
    client_errors: int,
    server_errors: int,
    latency_ms: int,
) -> None:
    """Alarm on client errors in two periods on end, on server errors, and on slow answers."""
    more_than = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
    make_alarm(
        scope,
        "ClientErrors",
        measured=stage.metric_client_error(statistic="Sum"),
        threshold=client_errors,
        comparison=more_than,
        evaluation_periods=2,
        description=f"{stage.node.path}: over {client_errors} client errors, twice on end",
        topic=topic,
    )
    make_alarm(
        scope,
        "ServerErrors",
        measured=stage.metric_server_error(statistic="Sum"),
        threshold=server_errors,
        description=f"{stage.node.path}: the service itself failed",
        topic=topic,
    )
    make_alarm(
        scope,
        "Latency",
        measured=stage.metric_latency(statistic="p99"),
        threshold=latency_ms,
        comparison=more_than,
        evaluation_periods=3,
        description=f"{stage.node.path}: one answer in a hundred takes over {latency_ms} ms",
        topic=topic,
    )


def timeout_of(function: aws_lambda.IFunction) -> int | None:
    """Return after how many seconds a function ends, or `None` where only its owner knows."""
    if not hasattr(function, "timeout"):
        return None
    known = cast("aws_lambda.Function", function).timeout
    return int(known.to_seconds()) if known else _DEFAULT_TIMEOUT_S


def watch_function(
    scope: Construct, function: aws_lambda.IFunction, *, topic: aws_sns.ITopic
) -> None:
    """Alarm on errors, throttles, and runs that come near the function's timeout, if known."""
    place = {"FunctionName": function.function_name}
    make_alarm(
        scope,
        "Errors",
        measured=metric("AWS/Lambda", "Errors", place),
        threshold=1,
        description=f"{function.node.path}: a run failed",
        topic=topic,
    )
    make_alarm(
        scope,
        "Throttles",
        measured=metric("AWS/Lambda", "Throttles", place),
        threshold=1,
        description=f"{function.node.path}: a run was refused for want of concurrency",
        topic=topic,
    )
    timeout_s = timeout_of(function)
    if timeout_s is None:
        return
    slow_ms = timeout_s * 1000 * _NEAR_TIMEOUT
    make_alarm(
        scope,
        "SlowRuns",
        measured=metric("AWS/Lambda", "Duration", place, statistic="p99"),
        threshold=slow_ms,
        description=f"{function.node.path}: runs take over {slow_ms:.0f} ms of {timeout_s} s",
        topic=topic,
    )


def watch_dead_letters(
    scope: Construct, queue: aws_sqs.IQueue, *, topic: aws_sns.ITopic
) -> cloudwatch.Alarm:
    """Alarm as soon as a message waits in a dead-letter queue."""
    place = {"QueueName": queue.queue_name}
    return make_alarm(
        scope,
        "DeadLetters",
        measured=metric(
            "AWS/SQS", "ApproximateNumberOfMessagesVisible", place, statistic="Maximum"
        ),
        threshold=1,
        description=f"{queue.node.path}: messages wait to be looked at and redriven",
        topic=topic,
    )


def throttled(table: dynamodb.ITable) -> cloudwatch.IMetric:
    """Return how many requests to `table` or its indexes were throttled."""
    return _over_operations(table, "ThrottledRequests")


def watch_throttling(
    scope: Construct, what: str, place: Mapping[str, str], *, topic: aws_sns.ITopic
) -> None:
    """Alarm on throttled reads and on throttled writes of a table or an index."""
    for id_, name in (("Reads", "ReadThrottleEvents"), ("Writes", "WriteThrottleEvents")):
        make_alarm(
            scope,
            id_,
            measured=metric("AWS/DynamoDB", name, place),
            threshold=1,
            evaluation_periods=2,
            description=f"{what}: {id_.lower()} are throttled",
            topic=topic,
        )


def watch_table(scope: Construct, table: dynamodb.ITable, *, topic: aws_sns.ITopic) -> None:
    """Alarm on throttling of the table, and on errors of DynamoDB itself."""
    watch_throttling(scope, table.node.path, {"TableName": table.table_name}, topic=topic)
    make_alarm(
        scope,
        "SystemErrors",
        measured=_over_operations(table, "SystemErrors"),
        threshold=1,
        description=f"{table.node.path}: DynamoDB failed",
        topic=topic,
    )


def _over_operations(table: dynamodb.ITable, name: str) -> cloudwatch.IMetric:
    place = {"TableName": table.table_name}
    parts = [metric("AWS/DynamoDB", name, place | {"Operation": each}) for each in _OPERATIONS]
    return total(parts, label=f"{table.table_name}: {name}", of=table)


def watch_queue(
    scope: Construct, queue: aws_sqs.IQueue, *, topic: aws_sns.ITopic, max_age_s: int
) -> cloudwatch.Alarm:
    """Alarm when the oldest message waits too long."""
    return make_alarm(
        scope,
        "OldMessages",
        measured=queue.metric_approximate_age_of_oldest_message(statistic="Maximum"),
        threshold=max_age_s,
        description=f"{queue.node.path}: a message waits for over {max_age_s} s",
        topic=topic,
    )


def watch_ingestion(
    scope: Construct,
    *,
    failures: cloudwatch.Metric,
    successes: cloudwatch.Metric,
    silent_hours: int,
    topic: aws_sns.ITopic,
) -> None:
    """Alarm on a failure, and when nothing succeeded for `silent_hours`."""
    make_alarm(
        scope,
        "Failures",
        measured=failures,
        threshold=1,
        description=f"{scope.node.path}: {failures.metric_name}",
        topic=topic,
    )
    make_alarm(
        scope,
        "Silence",
        measured=successes,
        threshold=1,
        comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=silent_hours,
        missing_data=cloudwatch.TreatMissingData.BREACHING,
        description=f"{scope.node.path}: no {successes.metric_name} in {silent_hours} hours",
        topic=topic,
    )
