"""An application over a store in memory, in the place of the one that the environment describes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from logging import StreamHandler
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_handlers.jobs import enhancement, ingest, notification
from signal9_handlers.log import logger
from tests.fakes import FakeProvider, RecordingPublisher, SetClock

Line = dict[str, Any]


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
def app(
    provider: FakeProvider, publisher: RecordingPublisher, monkeypatch: pytest.MonkeyPatch
) -> Iterator[App]:
    """An application whose events go to a bus elsewhere, as on AWS."""
    with opened(provider, monkeypatch, publisher) as app:
        yield app


@pytest.fixture
def local(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An application with a bus of its own, as on a laptop."""
    with opened(provider, monkeypatch) as app:
        yield app


@contextmanager
def opened(
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    bus: RecordingPublisher | None = None,
) -> Iterator[App]:
    clock = SetClock()
    with SqliteStore.open(":memory:", clock=clock) as store:
        app = App(Settings(), store=store, provider=provider, bus=bus, clock=clock)
        for job in (enhancement, ingest, notification):
            monkeypatch.setattr(job, "application", lambda: app)
        yield app


class Log:
    """What was logged, line by line, and what was printed for CloudWatch to count."""

    def __init__(self, stream: StringIO, printed: pytest.CaptureFixture[str]) -> None:
        self._stream = stream
        self._printed = printed

    def lines(self) -> list[Line]:
        return _lines(self._stream.getvalue())

    def metrics(self) -> list[Line]:
        return _lines(self._printed.readouterr().out)


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    (handler,) = logger.handlers
    assert isinstance(handler, StreamHandler)
    stream = StringIO()
    before = handler.setStream(stream)
    yield Log(stream, capsys)
    handler.setStream(before)


def _lines(text: str) -> list[Line]:
    return [json.loads(line) for line in text.splitlines()]
