"""Functions do not touch what they were not granted: emulators would not notice."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.queues import work_queue
from signal9_core.domain.reports import ReportKind
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
    UserDeletionRequested,
)
from signal9_core.ports import Item, Key, Page, Store, Stored
from signal9_core.schemas.users import WatchlistPut
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import IndexSpec, TableSpec
from signal9_deploy.functions import API, JOBS, FunctionSpec, Use
from signal9_handlers import runtime
from signal9_handlers.local.gateway import proxy_event
from tests.fakes import ARTICLES, NOW, FakeProvider, FakeQueues, RecordingPublisher
from tests.handlers.sample import CONTEXT
from tests.handlers.test_jobs import envelope_of, sqs_event
from tests.spied import SpiedStore


class FencedStore(SpiedStore):
    """A store that lets through only what `uses` name."""

    def __init__(self, store: Store, uses: Sequence[Use]) -> None:
        super().__init__(store)
        self._uses = {use.table.name: use for use in uses}

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        self._check(table)
        return super().get(table, key)

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        wanted = list(keys)
        if wanted:
            self._check(table)
        return super().get_many(table, wanted)

    def query(
        self, table: TableSpec, partition: str, *, index: IndexSpec | None = None, **how: Any
    ) -> Page:
        self._check(table, index)
        return super().query(table, partition, index=index, **how)

    def _about_to_write(self, table: TableSpec, items: Sequence[Item]) -> None:
        if items:
            self._check(table, writes=True)
        super()._about_to_write(table, items)

    def _check(
        self, table: TableSpec, index: IndexSpec | None = None, *, writes: bool = False
    ) -> None:
        use = self._uses.get(table.name)
        if use is None or (writes and not use.writes) or (index and index not in use.indexes):
            where = table.name if index is None else f"{table.name}/{index.name}"
            raise PermissionError(f"may not {'write' if writes else 'read'} {where}")


USER = "local|developer"
QUERIES = {
    "/api/v1/assets": "limit=1",
    "/api/v1/assets/{ticker}/prices": "limit=1",
    "/api/v1/financials/{ticker}": "limit=1",
    "/api/v1/news": "ticker=AAPL&limit=1",
    "/api/v1/news/briefing": "limit=1",
    "/api/v1/prices": "tickers=AAPL",
    "/api/v1/search": "q=aple",
    "/api/v1/users/me/notifications": "limit=1",
}
BODIES = {
    "/api/v1/users/me": '{"investorType": "moderate"}',
    "/api/v1/users/me/wizard": '{"wizard": "in_progress"}',
    "/api/v1/users/me/topics": '{"topics": ["ipo"]}',
    "/api/v1/users/me/watchlist": '{"watchlist": ["AAPL", "brk-b"]}',
}
DAYS = timedelta(days=30)
EVENTS: list[Event] = [
    AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="overview"),
    FinancialDataIngested(at=NOW, ticker="AAPL", reports=(ReportKind.EARNINGS,), count=1),
    NewsIngested(at=NOW, ticker="AAPL", first=NOW - DAYS, last=NOW, count=1),
    PricesUpdated(at=NOW, ticker="AAPL", first=NOW.date() - DAYS, last=NOW.date(), count=1),
    UserDeletionRequested(at=NOW, user_id=USER),
]

Deployed = Callable[[FunctionSpec], App]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Put the application of a function in place, over what an ingest has stored."""
    with SqliteStore.open(":memory:") as store:
        whole = App(Settings(), store=store, provider=FakeProvider(articles=list(ARTICLES)))
        whole.ingest()
        whole.users.put_watchlist(USER, WatchlistPut(watchlist=["AAPL"]))
        whole.notify(EVENTS[1])

        def place(spec: FunctionSpec) -> App:
            fenced = FencedStore(store, spec.uses)
            provider = FakeProvider(articles=list(ARTICLES))
            app = App(Settings(), store=fenced, provider=provider, bus=RecordingPublisher())
            monkeypatch.setattr(runtime, "App", lambda _: app)
            runtime.application.cache_clear()
            app.pipeline.queues = FakeQueues()
            app.pipeline.dead_letters = whole.pipeline.dead_letters  # SQS, that is
            return app

        yield place
        runtime.application.cache_clear()


def _called(spec: FunctionSpec, method: str, path: str, notification: str) -> int:
    asked = path.replace("{ticker}", "AAPL").replace("{id}", notification)
    headers = [("Content-Type", "application/json")]
    body = BODIES.get(path, "") if method in {"PATCH", "PUT"} else ""
    event = proxy_event(method, asked, QUERIES.get(path, ""), headers, body.encode())
    return int(_handler(spec)(event, CONTEXT)["statusCode"])


def _handler(spec: FunctionSpec) -> Callable[..., Any]:
    module, _, name = spec.handler.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


@pytest.mark.parametrize("spec", API, ids=lambda spec: spec.name)
def test_a_function_of_the_api_gets_by_with_its_permissions(
    deployed: Deployed, spec: FunctionSpec
) -> None:
    app = deployed(spec)
    ids = [""]
    if spec.name == "Users":
        ids = [each.id for each in app.users.list_notifications(USER).items]
    endpoints = sorted(spec.endpoints, key=lambda each: each.method == "DELETE")

    found = {
        f"{each.method} {each.path}": _called(spec, each.method, each.path, ids[0])
        for each in endpoints
    }

    assert {name: status for name, status in found.items() if status not in {200, 204}} == {}


@pytest.mark.parametrize("path", ["/api/v1/assets/AAPPL", "/api/v1/financials/AAPPL"])
def test_who_answers_about_companies_may_find_the_nearest(deployed: Deployed, path: str) -> None:
    place = path.replace("AAPPL", "{ticker}")
    (spec,) = (each for each in API if place in {one.path for one in each.endpoints})
    deployed(spec)

    assert _called(spec, "GET", path, "") == 404


@pytest.mark.parametrize("spec", JOBS, ids=lambda spec: spec.name)
def test_a_job_gets_by_with_its_permissions(deployed: Deployed, spec: FunctionSpec) -> None:
    app = deployed(spec)
    heard = [each for each in EVENTS if type(each) in spec.events]
    if UserDeletionRequested in spec.events:
        app.users.delete(USER)

    queues = app.pipeline.queues
    assert isinstance(queues, FakeQueues)
    if spec.plans:
        _handler(spec)({}, CONTEXT)
        assert queues.sent
    elif spec.works:
        queue = work_queue("fake")
        app.pipeline.plan()
        answer = _handler(spec)(sqs_event(*(each.body for each in queues.take(queue))), CONTEXT)
        assert answer == {"batchItemFailures": []}
    elif heard:
        bodies = (json.dumps(envelope_of(each)) for each in heard)
        assert _handler(spec)(sqs_event(*bodies), CONTEXT) == {"batchItemFailures": []}
    elif spec.checks:
        assert not app.pipeline.is_noted(app.pipeline.send_probe())
        assert app.pipeline.waiting() == set()
    elif spec.every_minutes:
        _handler(spec)({}, CONTEXT)
    assert heard or spec.plans or spec.works or spec.checks or spec.every_minutes or not spec.uses
    assert app.pipeline.dead_letters.all() == []
