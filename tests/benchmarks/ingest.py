"""How often the store is called when a company is refreshed."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from signal9_core.domain import CorporateAction
from signal9_core.provider_port import Provider
from signal9_core.publishers.in_process import InProcessEventBus
from signal9_core.repositories.actions import ActionRepository
from signal9_core.repositories.companies import AssetRepository
from signal9_core.repositories.news import NewsRepository
from signal9_core.repositories.prices import PriceRepository
from signal9_core.repositories.reports import FinancialsRepository
from signal9_core.services.ingest import IngestCompany
from signal9_core.services.outbox import Outbox
from signal9_core.stores.sqlite import SqliteStore
from tests.core.storing import store_assets
from tests.fakes import FakeProvider, SetClock, article
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
    """Yield the calls for a company of which nothing changed, and of one with three articles."""
    yield _calls("refresh_unchanged", 0, MOST_CALLS_UNCHANGED)
    yield _calls("refresh_articles", 3, MOST_CALLS_WITH_NEWS)


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
