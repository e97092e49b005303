"""What DynamoDB is asked for, where that decides what a reader sees and pays."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.tables import ASSETS, COMPANY_NAME_INDEX, TIME_SERIES

from .dynamodb_tables import TablesOnDemand
from .troubled import Troubled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def aws(mocked: "DynamoDBClient") -> Iterator[Troubled]:
    with mock_aws(), closing(Troubled(mocked, mocked)) as troubled:
        yield troubled


def test_tables_are_read_consistently_unless_less_is_asked_for_and_indexes_never(
    aws: Troubled,
) -> None:
    asked: list[object] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(params["ConsistentRead"])

    store = DynamoStore(aws.client, TablesOnDemand(aws.client, "reads"))
    for operation in ("GetItem", "Query"):
        aws.hook(f"provide-client-params.dynamodb.{operation}", note)

    store.get(ASSETS, {"ticker": "AAPL"})
    store.query(TIME_SERIES, "AAPL#1d")
    store.query(TIME_SERIES, "AAPL#1d", consistent=False)
    store.query(ASSETS, "active", index=COMPANY_NAME_INDEX)

    assert asked == [True, True, False, False]
