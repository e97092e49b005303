"""The tables of `signal9_core.tables` in an emulator of DynamoDB."""

from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

from signal9_core.tables import TABLES, IndexSpec, TableSpec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeDefinitionTypeDef,
        GlobalSecondaryIndexUnionTypeDef,
        KeySchemaElementTypeDef,
        ProjectionTypeDef,
    )

__all__ = ["TablesOnDemand", "create_table"]


class TablesOnDemand(dict[str, str]):
    """Names of tables by `TableSpec` name; each table is created when it is first asked for."""

    def __init__(self, client: "DynamoDBClient", prefix: str) -> None:
        super().__init__()
        self._client = client
        self._prefix = prefix
        self._creating = Lock()
        self._specs = {table.name: table for table in TABLES}

    def __missing__(self, name: str) -> str:
        with self._creating:
            if name not in self:
                self[name] = create_table(self._client, self._specs[name], f"{self._prefix}-{name}")
        return self[name]


def create_table(client: "DynamoDBClient", table: TableSpec, name: str) -> str:
    """Create a table under this name, and return the name."""
    pairs = ((index.partition_key, index.sort_key) for index in table.indexes)
    attributes = dict.fromkeys((*table.key_attributes, *chain.from_iterable(pairs)))
    definitions: list[AttributeDefinitionTypeDef] = [
        {"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes
    ]
    indexes = [_index(table, index) for index in table.indexes]
    client.create_table(
        TableName=name,
        KeySchema=_schema(table.partition_key, table.sort_key),
        AttributeDefinitions=definitions,
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),  # type: ignore[arg-type]
    )
    return name


def _index(table: TableSpec, index: IndexSpec) -> "GlobalSecondaryIndexUnionTypeDef":
    return {
        "IndexName": index.name,
        "KeySchema": _schema(index.partition_key, index.sort_key),
        "Projection": _projection(table, index),
    }


def _projection(table: TableSpec, index: IndexSpec) -> "ProjectionTypeDef":
    if index.include is None:
        return {"ProjectionType": "ALL"}
    keys = {*table.key_attributes, index.partition_key, index.sort_key}
    carried = [name for name in index.include if name not in keys]
    if not carried:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": carried}


def _schema(partition_key: str, sort_key: str | None) -> "list[KeySchemaElementTypeDef]":
    schema: list[KeySchemaElementTypeDef] = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    if sort_key is not None:
        schema.append({"AttributeName": sort_key, "KeyType": "RANGE"})
    return schema
