"""What tests of core share: a spied store in memory, an application, and the whole sample."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signal9_core import adapters
from signal9_core.bootstrap import App
from signal9_core.ports import Clock, EventPublisher
from signal9_core.provider_port import Provider
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.core.cli.shell import ingest_sample
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


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the whole sample in it; tests only read it."""
    return ingest_sample(tmp_path_factory).home


@pytest.fixture
def use_provider(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeProvider], None]:
    """Make every application that is opened use this provider."""
    return lambda provider: monkeypatch.setattr(adapters, "make_provider", lambda *_: provider)
