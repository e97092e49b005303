"""What the tests of the pipeline share: a store in memory that is spied on, and an application."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from signal9_core.bootstrap import App
from signal9_core.ports import Clock, EventPublisher
from signal9_core.provider_port import Provider
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.fakes import AttentivePublisher, FakeProvider, SetClock
from tests.spied import SpiedStore


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@contextmanager
def opened(clock: Clock | None = None) -> Iterator[SpiedStore]:
    """Open a store in memory for one example of a property."""
    with SqliteStore.open(":memory:", clock=clock or SetClock()) as store:
        yield SpiedStore(store)


@pytest.fixture
def spied(clock: SetClock) -> Iterator[SpiedStore]:
    with opened(clock) as store:
        yield store


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def publisher() -> AttentivePublisher:
    return AttentivePublisher()


@pytest.fixture
def app(
    spied: SpiedStore, clock: SetClock, provider: FakeProvider, publisher: AttentivePublisher
) -> App:
    return app_over(spied, clock, provider, publisher)


@pytest.fixture
def full(app: App) -> App:
    """An application that has ingested everything."""
    app.ingest()
    return app


def app_over(
    store: SpiedStore,
    clock: SetClock,
    provider: Provider,
    bus: EventPublisher | None = None,
) -> App:
    return App(Settings(), store=store, provider=provider, bus=bus, clock=clock)
