"""DynamoDB's batch requests: as many as it takes, until everything was processed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from .dynamodb_client import CONNECTIONS, dynamodb_errors
from .retries import send_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestTypeDef

    from .retries import Backoff

    Attributes = Mapping[str, AttributeValueTypeDef]

__all__ = ["WRITES_PER_BATCH", "read_all", "write_all"]

WRITES_PER_BATCH: Final = 25
_READS_PER_BATCH: Final = 100


def write_all(
    client: DynamoDBClient, table: str, items: Sequence[Attributes], backoff: Backoff
) -> None:
    """Put every item; no two may have the same key."""
    send_all(
        partial(_write, client, table),
        items,
        size=WRITES_PER_BATCH,
        at_once=CONNECTIONS,
        backoff=backoff,
        where=table,
    )


def read_all(
    client: DynamoDBClient, table: str, keys: Sequence[Attributes], backoff: Backoff
) -> list[Attributes]:
    """Return what stands under these keys, read consistently; no key may occur twice."""
    found: list[Attributes] = []
    send_all(
        partial(_read, client, table, found),
        keys,
        size=_READS_PER_BATCH,
        at_once=CONNECTIONS,
        backoff=backoff,
        where=table,
    )
    return found


def _write(client: DynamoDBClient, table: str, batch: Sequence[Attributes]) -> Sequence[Attributes]:
    requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": item}} for item in batch]
    with dynamodb_errors(table):
        answer = client.batch_write_item(RequestItems={table: requests})
    left = answer["UnprocessedItems"].get(table, ())
    return [request["PutRequest"]["Item"] for request in left]


def _read(
    client: DynamoDBClient, table: str, found: list[Attributes], batch: Sequence[Attributes]
) -> Sequence[Attributes]:
    with dynamodb_errors(table):
        answer = client.batch_get_item(
            RequestItems={table: {"Keys": batch, "ConsistentRead": True}}
        )
    found += answer["Responses"].get(table, ())
    left = answer["UnprocessedKeys"].get(table)
    return () if left is None else left["Keys"]
