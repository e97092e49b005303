"""What the repositories make of a store, made of DynamoDB, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from moto import mock_aws

from signal9_core.aws import aws_client
from signal9_core.bootstrap import App
from signal9_core.schemas.base import to_json
from signal9_core.stores.dynamodb import DynamoStore
from tests.core.conftest import app_over, opened
from tests.core.stores.dynamodb_tables import TablesOnDemand
from tests.fakes import FakeProvider, SetClock
from tests.spied import SpiedStore


@contextmanager
def on_dynamodb() -> Iterator[DynamoStore]:
    """Open an empty store."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        client = aws_client("dynamodb", region="us-east-1")
        yield DynamoStore(client, TablesOnDemand(client, uuid4().hex), clock=SetClock())


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[App]:
    """An application over DynamoDB that has ingested everything."""
    with on_dynamodb() as store:
        app = app_over(SpiedStore(store), SetClock(), FakeProvider(actions={"AAPL": []}))
        app.ingest()
        yield app


@pytest.fixture(scope="module")
def sqlite() -> Iterator[App]:
    """The same over SQLite."""
    with opened() as store:
        app = app_over(store, SetClock(), FakeProvider(actions={"AAPL": []}))
        app.ingest()
        yield app


def spy(app: App) -> SpiedStore:
    assert isinstance(app.store, SpiedStore)
    return app.store


def test_an_ingest_leaves_the_same_contents_in_both_stores(dynamodb: App, sqlite: App) -> None:
    assert spy(dynamodb).contents() == spy(sqlite).contents()


def test_a_second_ingest_writes_nothing(dynamodb: App) -> None:
    written = spy(dynamodb).writes

    dynamodb.ingest()

    assert spy(dynamodb).written[written:] == []


def test_the_same_questions_get_the_same_answers(dynamodb: App, sqlite: App) -> None:
    def answers(app: App) -> list[bytes]:
        first = app.list_news(limit=1)
        return [
            to_json(answer)
            for answer in (
                app.list_assets(exchange="nasdaq"),
                app.get_asset("BRK.B"),
                app.get_prices("AAPL", adjusted=True),
                app.get_financials("AAPL"),
                app.list_news(ticker="AAPL", topic="finance"),
                app.list_news(topic="finance"),
                first.model_copy(update={"next_cursor": None}),
                app.list_news(limit=5, cursor=first.next_cursor),
                app.search("micro"),
            )
        ]

    assert answers(dynamodb) == answers(sqlite)
