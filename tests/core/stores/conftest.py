"""The stores under test: SQLite, and DynamoDB as two emulators and the simulation play it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from signal9_core.aws import aws_client
from signal9_core.ports import Clock, Store
from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.stores.sqlite import SqliteStore
from tests.emulator import CREDENTIALS, running_emulator
from tests.fakes import SetClock
from tests.simulation.dynamodb import FakeDynamoDB

from .dynamodb_tables import TablesOnDemand

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OpenStore = Callable[[Clock], AbstractContextManager[Store]]
"""Opens an empty store."""


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The address of a running MiniStack."""
    with running_emulator() as address:
        yield address


@pytest.fixture(scope="session")
def emulated(emulator: str) -> "Iterator[DynamoDBClient]":
    """A client of MiniStack."""
    with client_of(emulator) as client:
        yield client


@pytest.fixture(scope="session")
def mocked() -> "Iterator[DynamoDBClient]":
    """A client of whatever `mock_aws` is active."""
    with client_of(None) as client:
        yield client


@contextmanager
def client_of(endpoint_url: str | None) -> "Iterator[DynamoDBClient]":
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        client = aws_client("dynamodb", endpoint_url=endpoint_url)
    yield client
    client.close()


@pytest.fixture(params=["sqlite", "moto", "ministack", "simulated"])
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """How to open an empty store of each kind."""
    opening: OpenStore = request.getfixturevalue(f"open_{request.param}")
    return opening


@pytest.fixture(scope="session")
def open_sqlite() -> OpenStore:
    @contextmanager
    def opening(clock: Clock) -> Iterator[Store]:
        with SqliteStore.open(":memory:", clock=clock) as store:
            yield store

    return opening


@pytest.fixture(scope="session")
def open_moto(mocked: "DynamoDBClient") -> OpenStore:
    @contextmanager
    def opening(clock: Clock) -> Iterator[Store]:
        with mock_aws():
            yield DynamoStore(mocked, TablesOnDemand(mocked, "moto"), clock=clock)

    return opening


@pytest.fixture(scope="session")
def open_ministack(emulated: "DynamoDBClient") -> OpenStore:
    @contextmanager
    def opening(clock: Clock) -> Iterator[Store]:
        yield DynamoStore(emulated, TablesOnDemand(emulated, uuid.uuid4().hex), clock=clock)

    return opening


@pytest.fixture(scope="session")
def open_simulated() -> OpenStore:
    @contextmanager
    def opening(clock: Clock) -> Iterator[Store]:
        client: Any = FakeDynamoDB()
        yield DynamoStore(client, TablesOnDemand(client, "simulated"), clock=clock)

    return opening


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(open_store: OpenStore, clock: SetClock) -> Iterator[Store]:
    """An empty store of each kind, one after the other."""
    with open_store(clock) as store:
        yield store
