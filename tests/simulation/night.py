"""A night of many companies under faults: the real pipeline, in virtual time."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil
from random import Random
from random import seed as set_seed
from typing import Any, Final, Literal

from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.domain.companies import DataSet
from signal9_core.domain.news import NewsArticle
from signal9_core.domain.queues import INSIGHTS, NOTIFICATIONS, work_queue
from signal9_core.errors import Signal9Error
from signal9_core.events import NewsIngested, PricesUpdated
from signal9_core.ports import Store
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.simulator.market import Market
from signal9_core.providers.simulator.simulator import Simulator
from signal9_core.repositories.companies import CompanySummary
from signal9_core.schemas.users import WatchlistPut
from signal9_core.settings import Settings
from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.stores.sqlite import SqliteStore
from tests.core.stores.dynamodb_tables import TablesOnDemand

from .dynamodb import FakeDynamoDB, Units
from .world import (
    Faults,
    KilledError,
    SimulatedBus,
    SimulatedNotifier,
    SimulatedQueues,
    SimulatedStore,
    SimulatedTransport,
    VirtualClock,
    keep,
    throttle,
)

__all__ = ["Night", "Report"]

StoreName = Literal["sqlite", "dynamodb"]

_EVENING_BEFORE: Final = datetime(2024, 1, 9, 22, 0, tzinfo=UTC)
_NIGHT: Final = datetime(2024, 1, 10, 21, 30, tzinfo=UTC)
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST: Final = timedelta(hours=8)
_PLANNED_EVERY: Final = timedelta(minutes=15)
_ENHANCER_BACK: Final = _NIGHT + timedelta(minutes=20)
_INVOCATION: Final = timedelta(minutes=2)
_PER_MINUTE: Final = 200
_MARKET_DAYS: Final = 15
_USERS: Final = 10
_WATCHED: Final = 20
_BATCH: Final = 10
_WORK: Final = work_queue("alpaca")
_KEY: Final = SecretStr("demo")
_VISIBILITY_S: Final = {_WORK: 300.0, INSIGHTS: 180.0, NOTIFICATIONS: 180.0}
_ATTEMPTS: Final = {_WORK: 6, INSIGHTS: 3, NOTIFICATIONS: 3}
_POISON: Final = (b"null", b"-1", b'"many"', b"1e400", b"1" * 60)


@dataclass
class Report:
    """What a night came to. All of `lost` to `notifiedTwice` should be 0."""

    tickers: int
    store: str
    calls: int = 0
    priceCalls: int = 0  # noqa: N815 - the names of the JSON
    events: int = 0
    faults: int = 0
    lost: int = 0
    duplicated: int = 0
    overdrawn: int = 0
    stuck: int = 0
    notifiedTwice: int = 0  # noqa: N815
    notifications: int = 0
    resent: int = 0
    deadLetters: int = 0  # noqa: N815
    writeUnits: int = 0  # noqa: N815
    readUnits: int = 0  # noqa: N815
    minutes: float = 0
    minutesOf99: float = 0  # noqa: N815
    dollars: float = 0
    seconds: float = 0
    faultsByKind: dict[str, int] = field(default_factory=dict)  # noqa: N815
    remarks: list[str] = field(default_factory=list)


class Night:
    """A stage of so many companies, from one close of trading to the next morning."""

    def __init__(
        self, tickers: int, store: StoreName, *, seed: int = 1, rate: float | None = None
    ) -> None:
        set_seed(seed)  # the waits between retries are random, too
        self.clock = VirtualClock(_EVENING_BEFORE)
        self.faults = Faults(Random(seed))
        self.rate = 1.0 if rate is None else rate
        self.market = Market(self.clock, tickers, _MARKET_DAYS)
        self.poisoned = dict(zip(self.market.covered()[3::7], _POISON, strict=False))
        simulator = Simulator(
            self.market,
            clock=self.clock,
            alpaca_per_minute=_PER_MINUTE,
            trouble=self.faults.reply,
        )
        self.transport = SimulatedTransport(simulator, self.clock, self.faults, {})
        self.units = Units()
        self.bare = self._open(store)
        self.store = SimulatedStore(self.bare, self.clock, self.faults, self._meanwhile)
        self.queues = SimulatedQueues(self.clock, self.faults, _VISIBILITY_S, _ATTEMPTS)
        self.bus = SimulatedBus(self.queues, self.faults)
        self.notifier = SimulatedNotifier(self.faults)
        self.report = Report(tickers, store)
        self._app: App | None = None
        self._is_elsewhere = False
        self._planned_at = _NIGHT
        self._filled_at = _EVENING_BEFORE
        self._is_fresh = False
        self._has_worked = False

    def _open(self, store: StoreName) -> Store:
        if store == "sqlite":
            return SqliteStore.open(":memory:", clock=self.clock)
        client: Any = FakeDynamoDB()
        client.before, client.keep = throttle(self.faults), keep(self.faults)
        self.units = client.units
        return DynamoStore(client, TablesOnDemand(client, "simulated"), clock=self.clock)

    # Processes

    @property
    def app(self) -> App:
        """The application of a warm process; after a kill, of a new one."""
        if self._app is None:
            self._app = self._start(self.store)
        return self._app

    def _start(self, store: Any, bus: Any = None) -> App:
        settings = Settings(
            _env_file=None,
            provider="alpaca",
            alpaca_key=_KEY,
            alpaca_secret=_KEY,
            news_max_age_hours=20,
        )
        app = App(
            settings,
            store=store,
            bus=self.bus if bus is None else bus,
            notifier=self.notifier,
            clock=self.clock,
        )
        quota = app.quotas["alpaca"]
        quota.sleep = self.clock.sleep
        provider = AlpacaClient(_KEY, _KEY, quota=quota, clock=self.clock, transport=self.transport)
        for http in (provider.data, provider.trading):
            http.elapsed_s = self.clock.elapsed_s
        app._provider = provider
        vars(app.pipeline).update(queues=self.queues, dead_letters=self.queues)
        return app

    def _invoke(self, work: Callable[[], object]) -> None:
        """Let a process do some work, unless it is killed."""
        try:
            work()
        except KilledError:
            self._app = None
        except Signal9Error as error:
            self.report.remarks.append(f"{self.clock():%H:%M:%S} {error}")

    def _handle(self, queue: str) -> bool:
        """Invoke a function with messages of a queue; return whether there were any."""
        messages = self.queues.receive(queue, 1 if queue == _WORK else _BATCH)
        if not messages:
            return False
        if queue == INSIGHTS and self.faults.rate and self.clock() < _ENHANCER_BACK:
            self.faults.seen["dead enhancer"] += 1
            return True
        until = self.clock() + _INVOCATION

        def work() -> None:
            pipeline = self.app.pipeline
            if queue == _WORK:
                _, failures = pipeline.work(messages, until)
            else:
                failures = pipeline.handle(queue, messages, until)
            staying = {failure.id for failure in failures if not failure.is_dead}
            for message in messages:
                if message.id not in staying:
                    self.queues.delete(message.id)

        self._invoke(work)
        return True

    def _plan(self) -> None:
        self._invoke(self.app.pipeline.plan)

    def _meanwhile(self) -> None:
        """Let another process in: one that plans, works or handles an event."""
        if self._is_elsewhere:
            return
        self._is_elsewhere, app, self._app = True, self._app, None
        try:
            choice = self.faults.chance.choice((None, _WORK, INSIGHTS, NOTIFICATIONS))
            if choice is None:
                self._plan()
            else:
                self._handle(choice)
        finally:
            self._is_elsewhere, self._app = False, app

    # The night

    def run(self) -> Report:
        """Fill the stage, let a night pass, and return what it came to."""
        started = time.perf_counter()
        with self.clock.patched():
            self._fill()
            self._watch()
            self._begin()
            self._pass()
            self._check()
        self.report.seconds = round(time.perf_counter() - started, 1)
        return self.report

    def _fill(self) -> None:
        latency, self.store.latency_s = self.store.latency_s, 0
        answer = self.app.run()
        assert not answer.failed, answer.failed[:3]
        self._drain()
        self.store.latency_s, self._filled_at = latency, self.clock()

    def _watch(self) -> None:
        tickers = self.market.covered()
        for number in range(_USERS):
            watched = self.faults.chance.sample(tickers, min(_WATCHED, len(tickers)))
            self.app.users.put_watchlist(f"user-{number}", WatchlistPut(watchlist=watched))

    def _begin(self) -> None:
        self.clock.now = _NIGHT
        self._app = None
        self.transport.poisoned = self.poisoned
        self.transport.calls.clear()
        self.bus.published.clear()
        self.units.write = self.units.read = 0
        self.faults.rate = self.rate

    def _pass(self) -> None:
        while self.clock() < _NIGHT + _LONGEST:
            if self.clock() >= self._planned_at:
                self._planned_at += _PLANNED_EVERY
                with self.clock.elsewhere():
                    self._plan()
                    self._invoke(self.app.send_notifications)
                if self.clock().minute == 0:
                    self._redrive()
            is_busy = self._handle(_WORK)
            self._has_worked |= is_busy
            with self.clock.elsewhere():
                self._drain()
            if is_busy:
                continue
            if self._is_done():
                return
            self._wait()

    def _wait(self) -> None:
        """Let time pass until something happens."""
        next_at = self.queues.next_at(_VISIBILITY_S)
        later = self._planned_at if next_at is None else min(next_at, self._planned_at)
        self.clock.now = max(self.clock.now, later)

    def _drain(self) -> None:
        for queue in (INSIGHTS, NOTIFICATIONS):
            while self._handle(queue):
                pass

    def _is_done(self) -> bool:
        """Return whether everything is fresh and handled; put back what failed for good."""
        if not self._is_fresh and self._has_worked:
            self._is_fresh, self._has_worked = not self._stale(), False
        if not self._is_fresh or self.queues.next_at(_VISIBILITY_S) is not None:
            return False
        if self._redrive():
            return False
        self.faults.rate = 0
        with self.clock.elsewhere():
            self.app.send_notifications()
        return True

    def _redrive(self) -> int:
        """Put back what failed for good, as somebody on duty does."""
        redriven = len(self.queues.redrive())
        self.report.deadLetters += redriven
        return redriven

    # What it came to

    def _summaries(self) -> list[CompanySummary]:
        with self._observing():
            return list(self._clean.assets.summaries())

    @contextmanager
    def _observing(self) -> Iterator[None]:
        """Look at what is stored: without faults, and without paying for it."""
        rate, self.faults.rate = self.faults.rate, 0
        write, read = self.units.write, self.units.read
        try:
            yield
        finally:
            self.faults.rate, self.units.write, self.units.read = rate, write, read

    def _stale(self) -> list[str]:
        """Return the companies that are not fresh although the provider was healthy for them."""
        return [
            company.ticker
            for company in self._summaries()
            if company.ticker not in self.poisoned
            and any(
                company.requested.get(data_set, _EVENING_BEFORE) < _NIGHT or company.pending
                for data_set in (DataSet.PRICES, DataSet.NEWS)
            )
        ]

    @cached_property
    def _clean(self) -> App:
        """An application that nothing happens to."""
        return self._start(self.bare)

    def _check(self) -> None:
        report, seen, self.faults.rate = self.report, self.faults.seen, 0
        report.calls = self.transport.calls.total()
        report.priceCalls = report.calls - sum(
            self.transport.calls[path] for path in ("/v2/assets", "/v1beta1/news")
        )
        report.events = len(self.bus.published)
        report.faults, report.faultsByKind = seen.total(), dict(seen)
        report.overdrawn = self.transport.overdrawn(_PER_MINUTE)
        report.stuck = len(self._stale())
        report.writeUnits, report.readUnits = round(self.units.write), round(self.units.read)
        report.dollars = round(self.units.dollars, 4)
        report.minutes, report.minutesOf99 = self._minutes(1), self._minutes(0.99)
        for ticker in self.market.covered():
            self._check_company(ticker)
        self._check_events()
        self._check_notifications()

    def _minutes(self, share: float) -> float:
        """Return after how many minutes such a share of the companies had their prices."""
        asked = sorted(
            company.requested.get(DataSet.PRICES, _NIGHT + _LONGEST)
            for company in self._summaries()
            if company.ticker not in self.poisoned
        )
        latest = asked[ceil(share * len(asked)) - 1]
        return round((latest - _NIGHT) / timedelta(minutes=1), 1)

    def _check_company(self, ticker: str) -> None:
        """Compare what is stored of a company with what the provider has."""
        if ticker in self.poisoned:
            return
        history = self.market.history(ticker)
        assert history is not None
        assert history.bars is not None
        stored = self._clean.prices.between(ticker)
        known = {bar.day: bar.close for bar in stored}
        lost = sum(known.get(bar.day) != bar.close for bar in history.bars)
        self._lose(lost, f"{ticker}: {lost} bars")
        articles = self._clean.news.between(ticker, _LONG_AGO, self.clock())
        titles = Counter(article.title for article in articles)
        missing = [item for item in self._news(ticker) if not titles[item.title]]
        self._lose(len(missing), f"{ticker}: {len(missing)} articles")

    def _news(self, ticker: str) -> list[NewsArticle]:
        """Return the articles that everybody must have by now: those of before the night."""
        return [item for item in self.market.news(ticker) if item.published_at <= _NIGHT]

    def _lose(self, count: int, what: str) -> None:
        self.report.lost += count
        if count and len(self.report.remarks) < 20:
            self.report.remarks.append(f"lost {what}")

    def _check_events(self) -> None:
        """Compare what was announced, each event once, with what was new."""
        announced = {event.model_dump_json(): event for event in self.bus.published}
        bars, articles = Counter[str](), Counter[str]()
        for event in announced.values():
            if isinstance(event, PricesUpdated):
                bars[event.ticker] += event.count
            elif isinstance(event, NewsIngested):
                articles[event.ticker] += event.count
        for ticker in self.market.covered():
            if ticker in self.poisoned:
                continue
            self._compare("bars", ticker, bars[ticker], 1, 1)
            latest = [item.published_at for item in self.market.news(ticker)]
            new = [at for at in latest if at > _EVENING_BEFORE]
            least = sum(self._filled_at < at <= _NIGHT for at in new)
            self._compare("articles", ticker, articles[ticker], least, len(new))

    def _compare(self, what: str, ticker: str, announced: int, least: int, most: int) -> None:
        if announced < least:
            self._lose(least - announced, f"{ticker}: events of {least - announced} {what}")
        elif announced > most:
            self.report.duplicated += announced - most
            self.report.remarks.append(f"{ticker}: {announced} {what} announced, {most} new")

    def _check_notifications(self) -> None:
        self.report.notifications = len(self.notifier.sent)
        self.report.notifiedTwice, self.report.resent = self.notifier.twice, self.notifier.resent
