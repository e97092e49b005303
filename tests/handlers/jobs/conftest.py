"""An application over a store in memory, in the place of the one that the environment describes."""

import json
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import Any

import pytest

from signal9_core.bootstrap import App, build
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_handlers.jobs import enhancement, ingest, notification
from signal9_handlers.log import logger
from tests.fakes import FakeProvider, SetClock

Line = dict[str, Any]


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def app(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    app = build(Settings(), clock=SetClock())
    app.provider = provider
    app.store = SqliteStore.open(":memory:", clock=SetClock())
    for job in (enhancement, ingest, notification):
        monkeypatch.setattr(job, "application", lambda: app)
    monkeypatch.setattr("signal9_handlers.local.jobs.application", lambda: app)
    with app:
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
