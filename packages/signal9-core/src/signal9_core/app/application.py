"""The application: every query and use case, with the parts that the settings chose.

Each part is made when it is first needed, so that a process which only answers health checks loads
neither the search index nor a provider.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from time import perf_counter
from types import TracebackType
from typing import Self

from ..answers import FailureAnswer, IngestAnswer
from ..domain import DataSet
from ..enhance import Enhance
from ..events import Event
from ..ingest import (
    DATA_SETS,
    IngestCompany,
    IngestEverything,
    IngestListing,
    Outcome,
    RefreshStalest,
)
from ..notify import NotifyFollowers
from ..ports import Clock, EventPublisher, Notifier, Progress, Provider, Store, utc_now
from ..publishers.memory import MemoryPublisher
from ..queries import (
    CompanyFinder,
    CursorSigner,
    GetAsset,
    GetFinancials,
    GetPrices,
    GetStatus,
    ListAssets,
    ListNews,
    SearchCompanies,
)
from ..repositories import (
    AssetRepository,
    FinancialsRepository,
    FollowerRepository,
    NewsRepository,
    PriceRepository,
    StateRepository,
    UserRepository,
)
from ..settings import Settings
from . import parts

__all__ = ["App", "build", "no_progress"]


def no_progress(data_set: str, done: int, total: int) -> None:
    """Ignore how far an ingest is."""


def build(settings: Settings, *, clock: Clock = utc_now) -> "App":
    """Return the application that these settings describe; nothing is opened yet."""
    return App(settings, clock)


class App:
    """What entry points call: queries return answers, use cases change what is stored."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store, if it was opened and needs closing."""
        close = getattr(self.__dict__.get("store"), "close", None)
        if close is not None:
            close()

    # Parts

    @cached_property
    def store(self) -> Store:
        """Where everything is kept."""
        return parts.make_store(self.settings, self._clock)

    @cached_property
    def provider(self) -> Provider:
        """Where market data comes from."""
        return parts.make_provider()

    @cached_property
    def publisher(self) -> EventPublisher:
        """Where events go."""
        return parts.make_publisher(self.settings)

    @cached_property
    def notifier(self) -> Notifier:
        """Where notifications go."""
        return parts.make_notifier(self.settings)

    @cached_property
    def _assets(self) -> AssetRepository:
        return AssetRepository(self.store)

    @cached_property
    def _state(self) -> StateRepository:
        return StateRepository(self.store)

    @cached_property
    def _finder(self) -> CompanyFinder:
        return CompanyFinder(self._assets)

    @cached_property
    def _cursors(self) -> CursorSigner:
        given = self.settings.cursor_key
        return CursorSigner(given.get_secret_value() if given else self._state.cursor_key())

    # Queries

    @cached_property
    def list_assets(self) -> ListAssets:
        """Companies by name."""
        return ListAssets(self._assets, self._cursors)

    @cached_property
    def get_asset(self) -> GetAsset:
        """One company in full."""
        return GetAsset(self._assets, self._finder.nearest)

    @cached_property
    def get_prices(self) -> GetPrices:
        """Price history of one company."""
        return GetPrices(
            self._assets, PriceRepository(self.store), self._cursors, self._finder.nearest
        )

    @cached_property
    def get_financials(self) -> GetFinancials:
        """Reports of one company."""
        return GetFinancials(
            self._assets, FinancialsRepository(self.store), self._cursors, self._finder.nearest
        )

    @cached_property
    def list_news(self) -> ListNews:
        """Articles, newest first."""
        return ListNews(
            self._assets, NewsRepository(self.store), self._cursors, self._finder.nearest
        )

    @cached_property
    def search(self) -> SearchCompanies:
        """Companies by ticker or name, however they are typed."""
        return SearchCompanies(self._finder)

    @cached_property
    def get_status(self) -> GetStatus:
        """How much is stored, and how fresh it is."""
        settings = self.settings
        return GetStatus(
            self._assets,
            self._state,
            stage=settings.stage,
            store=settings.store,
            location=settings.location,
            provider=self.provider.name,
            notice=self.provider.notice,
        )

    # Use cases

    def is_ingested(self) -> bool:
        """Tell whether a full ingest from the provider came to its end before."""
        return self._state.finished_ingest(self.provider.name) is not None

    def ingest(
        self,
        progress: Progress = no_progress,
        tickers: Sequence[str] | None = None,
        data_sets: Sequence[DataSet] = DATA_SETS,
    ) -> IngestAnswer:
        """Ingest everything, or these data sets of these companies, and work out what follows."""
        started = perf_counter()
        outcome = self._ingest_everything(progress, tickers, data_sets)
        self.settle()
        self._finder.forget()
        return self._answer(outcome, started)

    def refresh(self) -> IngestAnswer:
        """Refresh the stalest companies; what follows is left to whoever hears the events."""
        started = perf_counter()
        refresh = RefreshStalest(
            self.provider, self._assets, self._ingest_company, self.settings.refresh_batch
        )
        return self._answer(refresh(), started)

    @cached_property
    def enhance(self) -> Enhance:
        """Work out insights that an event touches."""
        return Enhance(
            self._assets,
            PriceRepository(self.store),
            NewsRepository(self.store),
            parts.make_scorer(),
            self.publisher,
            self._clock,
            self.settings.sentiment_window_days,
        )

    @cached_property
    def notify(self) -> NotifyFollowers:
        """Tell those who follow what an event is about."""
        return NotifyFollowers(
            UserRepository(self.store),
            FollowerRepository(self.store),
            NewsRepository(self.store),
            self.notifier,
        )

    def take_events(self) -> list[Event]:
        """Return events that were published within this process and nobody has taken yet."""
        return self.publisher.take() if isinstance(self.publisher, MemoryPublisher) else []

    def settle(self) -> None:
        """Enhance and notify until nothing is announced any more; on AWS the bus does this."""
        while events := self.take_events():
            for event in events:
                self.enhance(event)
                self.notify(event)

    @cached_property
    def _ingest_company(self) -> IngestCompany:
        return IngestCompany(
            self.provider,
            self._assets,
            PriceRepository(self.store),
            FinancialsRepository(self.store),
            NewsRepository(self.store),
            self.publisher,
            self._clock,
        )

    @cached_property
    def _ingest_everything(self) -> IngestEverything:
        listing = IngestListing(self.provider, self._assets, self.publisher, self._clock)
        return IngestEverything(
            self.provider, listing, self._ingest_company, self._state, self._clock
        )

    def _answer(self, outcome: Outcome, started: float) -> IngestAnswer:
        return IngestAnswer(
            provider=self.provider.name,
            notice=self.provider.notice,
            stored=dict(outcome.stored),
            changed=dict(outcome.changed),
            failed=[
                FailureAnswer(
                    ticker=each.ticker,
                    data_set=each.data_set,
                    reason=each.reason,
                    transient=each.transient,
                )
                for each in outcome.failed
            ],
            seconds=Decimal(f"{perf_counter() - started:.3f}"),
        )
