"""Alarms on tables and their indexes."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from .alarms import AlarmSpec, AlarmTarget, Subject, make_alarms, service_metric

__all__ = ["add_throttling_alarms", "index_names", "index_subject", "table_subject"]

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


def index_names(table: dynamodb.ITable) -> list[str]:
    """Return the names of a table's global indexes that are known now; none if it is imported."""
    resource = table.node.default_child
    indexes = getattr(resource, "global_secondary_indexes", None)
    if not indexes:
        return []
    resolved = Stack.of(table).resolve(indexes)
    return [str(index["indexName"]) for index in resolved or ()]


def _throttling_alarms(dimensions: Mapping[str, str]) -> list[AlarmSpec]:
    """Return the alarms on throttled reads and writes of a table or an index."""
    return [
        AlarmSpec(
            name=f"throttled_{kind.lower()}s",
            id_=f"{kind}s",
            metric=service_metric("AWS/DynamoDB", f"{kind}ThrottleEvents", dimensions),
            threshold=1,
            problem=f"throttled {kind.lower()}s",
            periods=2,
        )
        for kind in ("Read", "Write")
    ]


def add_throttling_alarms(
    scope: Construct, name: str, dimensions: Mapping[str, str], topic: AlarmTarget
) -> None:
    """Alarm on throttled reads and on throttled writes of a table or an index."""
    make_alarms(scope, Subject(name, _throttling_alarms(dimensions)), [topic])


def table_subject(table: dynamodb.ITable) -> Subject:
    """Watch a table for throttling and for DynamoDB's own errors."""
    errors = AlarmSpec(
        name="system_errors",
        metric=_sum_over_operations(table, "SystemErrors"),
        threshold=1,
        problem="errors of DynamoDB itself",
    )
    alarms = [*_throttling_alarms({"TableName": table.table_name}), errors]
    return Subject(
        table.node.path, alarms, {"throttled": [_sum_over_operations(table, "ThrottledRequests")]}
    )


def index_subject(table: dynamodb.ITable, index: str) -> Subject:
    """Watch an index for throttling, since DynamoDB throttles each separately."""
    dimensions = {"TableName": table.table_name, "GlobalSecondaryIndexName": index}
    return Subject(f"{table.node.path}/{index}", _throttling_alarms(dimensions))


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
