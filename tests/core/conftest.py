"""What the tests of the pipeline share: a store in memory that is spied on, and an application."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from signal9_core.bootstrap import App, build
from signal9_core.ports import Clock
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
def app(spied: SpiedStore, clock: SetClock, provider: FakeProvider) -> App:
    return app_over(spied, clock, provider)


@pytest.fixture
def publisher(app: App) -> AttentivePublisher:
    app.publisher = publisher = AttentivePublisher()
    return publisher


def app_over(store: SpiedStore, clock: SetClock, provider: FakeProvider) -> App:
    app = build(Settings(), clock=clock)
    app.store = store
    app.provider = provider
    return app
