"""How often the store is called when a company is refreshed, and how many are in a second."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from signal9_core.bootstrap import App
from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import Asset, DataSet
from signal9_core.domain.news import NewsArticle
from signal9_core.domain.prices import PriceSeries
from signal9_core.provider_port import Provider
from signal9_core.publishers.in_process import InProcessEventBus
from signal9_core.repositories.companies import AssetRepository, CompanySummary
from signal9_core.repositories.news import NewsRepository
from signal9_core.repositories.prices import ActionRepository, PriceRepository
from signal9_core.repositories.reports import FinancialsRepository
from signal9_core.services.ingest_company import IngestCompany
from signal9_core.services.outbox import Outbox
from signal9_core.services.planner import Planner, Published
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.core.storing import store_assets
from tests.fakes import NOW, FakeBatchProvider, FakeProvider, SetClock, article, series
from tests.spied import SpiedStore

from .measure import Measure

__all__ = ["MOST_CALLS_UNCHANGED", "MOST_CALLS_WITH_NEWS", "calls_of_refresh", "measures"]

MOST_CALLS_UNCHANGED = 6
MOST_CALLS_WITH_NEWS = 12

_DIVIDEND = CorporateAction(
    ticker="AAPL", kind="dividend", ex_date=date(2023, 12, 29), amount=Decimal("0.24")
)
_TOPICS = ("earnings", "financial_markets", "technology")


def measures() -> Iterator[Measure]:
    """Yield calls of the store for a company, companies a second, and seconds of a plan."""
    yield _calls("refresh_unchanged", 0, MOST_CALLS_UNCHANGED)
    yield _calls("refresh_articles", 3, MOST_CALLS_WITH_NEWS)
    yield from _rates()
    yield Measure("plan_10000", _seconds_of_plan(10_000), "s", 1.0, "lower")


def _calls(name: str, articles: int, goal: int) -> Measure:
    return Measure(name, calls_of_refresh(articles), "store calls", goal, "lower")


def calls_of_refresh(articles: int) -> int:
    """Return the calls of a refresh of a company with all data, and so many new articles."""
    clock = SetClock()
    provider = FakeProvider(covering=None, actions={"AAPL": [_DIVIDEND]})
    with SqliteStore.open(":memory:", clock=clock) as store:
        store_assets(AssetRepository(store), provider.listing)
        _ingest(provider, SpiedStore(store), clock)
        clock.move(hours=6)
        provider.at = clock.now
        provider.articles += [
            article(f"Article {number}", "2024-01-08T13:00", "AAPL", "MSFT", topics=_TOPICS)
            for number in range(articles)
        ]
        spied = SpiedStore(store)
        _ingest(provider, spied, clock)
    return spied.calls


def _ingest(provider: Provider, store: SpiedStore, clock: SetClock) -> None:
    ingest = IngestCompany(
        provider,
        AssetRepository(store),
        PriceRepository(store),
        ActionRepository(store),
        FinancialsRepository(store),
        NewsRepository(store),
        Outbox(store, InProcessEventBus()),
        clock,
    )
    ingest("AAPL")


_COMPANIES = 200
_DAYS = 90
"""Days of the bars that every company has before."""


@dataclass
class _Market(FakeBatchProvider):
    """Companies with a bar a day, and with articles that are looked up by company."""

    by_company: dict[str, list[NewsArticle]] = field(default_factory=dict)

    def news(self, ticker: str, since: datetime | None = None) -> list[NewsArticle]:
        articles = self.by_company.get(ticker, ())
        return [item for item in articles if since is None or item.published_at >= since]


def _rates() -> Iterator[Measure]:
    """Yield how many companies a second `App.run` refreshes, with and without anything new."""
    tickers = [f"T{number}" for number in range(_COMPANIES)]
    market = _Market(
        covering=None,
        calls={"listing": 1, DataSet.PRICES: 2, DataSet.NEWS: 1},
        batch_sizes=dict.fromkeys(DataSet, 200),
        listing=[Asset(ticker=ticker, name=f"Company {ticker} Inc.") for ticker in tickers],
        series={ticker: _series(ticker, NOW) for ticker in tickers},
        actions={ticker: [] for ticker in tickers},
    )
    clock = SetClock()
    with TemporaryDirectory() as folder, SqliteStore.open(Path(folder, "a.db")) as store:
        app = App(Settings(), store=store, provider=market, clock=clock)
        _run(app, market, clock)
        clock.move(days=1)
        yield _rate("refresh_rate", _run(app, market, clock), 100)
        clock.move(days=1)
        for number, ticker in enumerate(tickers):
            market.series[ticker] = _series(ticker, clock.now)
            other = tickers[number - 1]
            market.by_company[ticker] = [
                article(f"{ticker} {index}", f"{clock.now:%Y-%m-%dT%H:%M}", ticker, other)
                for index in range(3)
            ]
        yield _rate("refresh_rate_news", _run(app, market, clock), 30)


def _rate(name: str, seconds: float, goal: int) -> Measure:
    return Measure(name, _COMPANIES / seconds, "companies/s", goal, "higher")


def _run(app: App, market: _Market, clock: SetClock) -> float:
    market.at = clock.now
    started = perf_counter()
    assert app.run().failed == []
    return perf_counter() - started


def _series(ticker: str, until: datetime) -> PriceSeries:
    days = (until - timedelta(days=ago) for ago in range(1, _DAYS))
    return series(ticker, **{f"day_{day:%Y%m%d}": "10.5" for day in days})


def _seconds_of_plan(count: int) -> float:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    companies = [
        CompanySummary(
            ticker=f"T{number}",
            status="active",
            rank=number + 1,
            requested=dict.fromkeys(DataSet, now - timedelta(hours=number)),
        )
        for number in range(count)
    ]
    planner = Planner("fake", dict.fromkeys(DataSet, 1))
    started = perf_counter()
    planner.plan(companies, Published(now - timedelta(hours=9), {}), now)
    return perf_counter() - started
