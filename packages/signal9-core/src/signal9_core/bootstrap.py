"""The application: use cases over the parts that the settings choose."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Self, TypeVar

from .adapters import (
    make_bus,
    make_cache,
    make_credentials,
    make_notifier,
    make_parsers,
    make_provider,
    make_quotas,
    open_store,
    provider_notice,
)
from .errors import SettingsError
from .ports import ALL_REPORTS, utc_now

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from .credentials import Credentials
    from .domain import DataSet, ReportKind
    from .events import Event
    from .ports import Clock, EventPublisher, Notifier, Progress, Provider, SentimentScorer, Store
    from .quota import SharedQuota
    from .raw_archive import RawArchive
    from .repositories.actions import ActionRepository
    from .repositories.companies import AssetRepository
    from .repositories.news import NewsRepository
    from .repositories.prices import PriceRepository
    from .repositories.reports import FinancialsRepository
    from .repositories.state import StateRepository
    from .schemas import IngestAnswer, KeysAnswer, ReplayAnswer, StatusAnswer
    from .services.companies import CompanyFinder, GetAsset, ListAssets, SearchCompanies
    from .services.ingest import IngestCalendar, IngestCompany, IngestListing
    from .services.insights import UpdateInsights
    from .services.notifications import NotifySubscribers
    from .services.outbox import Outbox
    from .services.prices import GetPriceBatch, GetPrices
    from .services.queries import GetFinancials, ListNews
    from .services.status import ListProblems
    from .services.users import UserService
    from .settings import Settings

__all__ = ["App", "no_progress"]

_Part = TypeVar("_Part")


def no_progress(data_set: str, done: int, total: int) -> None:
    """Ignore how far an ingest is."""


class App:
    """What entry points call. Every part is made when it is first used.

    A part that is passed in takes the place of the one that the settings choose. `close` closes
    only what was opened here.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store | None = None,
        provider: Provider | None = None,
        bus: EventPublisher | None = None,
        notifier: Notifier | None = None,
        scorer: SentimentScorer | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._resources = ExitStack()
        self._provider = provider
        if store is not None:
            self.store = store
        if bus is not None:
            self.bus = self._subscribed(bus)
        if notifier is not None:
            self.notifier = notifier
        if scorer is not None:
            self.scorer = scorer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened, the last first."""
        self._resources.close()

    def _opened(self, part: _Part) -> _Part:
        if hasattr(part, "close"):
            self._resources.callback(part.close)
        return part

    # Parts

    @cached_property
    def store(self) -> Store:
        """The tables."""
        return self._opened(open_store(self.settings, self.clock))

    @property
    def provider(self) -> Provider:
        """The source of market data; `SettingsError` where its key is missing."""
        if self._provider is None:
            name = self.settings.provider
            settings = self.settings.model_copy(update=self._credentials.of(name))
            quota = self.quotas.get(name)
            cache = None if quota is None else self.cache
            self._provider = self._opened(make_provider(settings, self.clock, quota, cache))
        return self._provider

    @property
    def provider_name(self) -> str:
        """The provider's name, which is known without its key."""
        return self.settings.provider if self._provider is None else self._provider.name

    @cached_property
    def quotas(self) -> dict[str, SharedQuota]:
        """The request budgets of the providers in use, by provider."""
        return make_quotas(self.settings, self.store, self.clock)

    @cached_property
    def cache(self) -> RawArchive:
        """The archive of raw responses."""
        return make_cache(self.settings)

    @cached_property
    def bus(self) -> EventPublisher:
        """Where events go."""
        return self._subscribed(make_bus(self.settings))

    def _subscribed(self, bus: EventPublisher) -> EventPublisher:
        """Subscribe to a bus in this process; on AWS, functions subscribe by rules."""
        from .publishers import InProcessEventBus

        if isinstance(bus, InProcessEventBus):
            bus.subscribe(self._follow_up)
        return bus

    def _follow_up(self, event: Event) -> None:
        self.update_insights(event)
        self.notify(event)

    @cached_property
    def notifier(self) -> Notifier:
        """Where notifications go beside the users' inboxes."""
        return make_notifier(self.settings)

    @cached_property
    def scorer(self) -> SentimentScorer:
        """The judge of articles that came without a sentiment."""
        from .sentiment.scorer import LexiconScorer

        return LexiconScorer()

    @cached_property
    def finder(self) -> CompanyFinder:
        """The search index over all companies."""
        from .repositories.companies import ListingRepository
        from .services.companies import CompanyFinder

        return CompanyFinder(self.assets, ListingRepository(self.store))

    @cached_property
    def assets(self) -> AssetRepository:
        """The companies."""
        from .repositories.companies import AssetRepository

        return AssetRepository(self.store)

    @cached_property
    def prices(self) -> PriceRepository:
        """Their bars."""
        from .repositories.prices import PriceRepository

        return PriceRepository(self.store)

    @cached_property
    def actions(self) -> ActionRepository:
        """Their splits and dividends."""
        from .repositories.actions import ActionRepository

        return ActionRepository(self.store)

    @cached_property
    def financials(self) -> FinancialsRepository:
        """Their reports."""
        from .repositories.reports import FinancialsRepository

        return FinancialsRepository(self.store)

    @cached_property
    def news(self) -> NewsRepository:
        """The articles about them."""
        from .repositories.news import NewsRepository

        return NewsRepository(self.store)

    @cached_property
    def state(self) -> StateRepository:
        """What must outlive a process."""
        from .repositories.state import StateRepository

        return StateRepository(self.store)

    @cached_property
    def _outbox(self) -> Outbox:
        from .services.outbox import Outbox

        return Outbox(self.store, self.bus)

    @cached_property
    def _credentials(self) -> Credentials:
        return make_credentials(self.settings)

    # Queries

    @cached_property
    def list_assets(self) -> ListAssets:
        """Companies by name, or those with certain tickers."""
        from .services.companies import ListAssets

        return ListAssets(self.assets)

    @cached_property
    def get_asset(self) -> GetAsset:
        """One company in full."""
        from .services.companies import GetAsset

        return GetAsset(self.finder)

    @cached_property
    def get_prices(self) -> GetPrices:
        """Bars of one company."""
        from .services.prices import GetPrices

        return GetPrices(self.finder, self.prices, self.actions)

    @cached_property
    def get_price_batch(self) -> GetPriceBatch:
        """Bars of several companies."""
        from .services.prices import GetPriceBatch

        return GetPriceBatch(self.get_prices)

    @cached_property
    def get_financials(self) -> GetFinancials:
        """Reports of one company."""
        from .services.queries import GetFinancials

        return GetFinancials(self.finder, self.financials)

    @cached_property
    def list_news(self) -> ListNews:
        """Articles, newest first."""
        from .services.queries import ListNews

        return ListNews(self.finder, self.news)

    @cached_property
    def search(self) -> SearchCompanies:
        """Companies by ticker or name, mistyped or not."""
        from .services.companies import SearchCompanies

        return SearchCompanies(self.finder)

    @cached_property
    def problems(self) -> ListProblems:
        """What keeps this stage from working as it should."""
        from .services.status import ListProblems

        return ListProblems(lambda: self.state)

    def get_status(self) -> StatusAnswer:
        """Return how much is stored, and how fresh it is."""
        from .services.status import get_status

        settings, provider = self.settings, self.provider_name
        return get_status(
            self.assets,
            self.state,
            [quota.status() for quota in self.quotas.values()],
            stage=settings.stage,
            store=settings.store,
            location=settings.location,
            provider=provider,
            notice=self.notice_of(provider),
        )

    def list_credentials(self) -> KeysAnswer:
        """Return where the keys of the providers come from."""
        return self._credentials.list()

    def is_ingested(self) -> bool:
        """Return whether a full ingest from the provider was ever finished."""
        return self.state.finished_ingest(self.provider_name) is not None

    def notice_of(self, *sources: str) -> str | None:
        """Return what readers of data from these sources must know.

        Without sources, it is the provider that counts, once everything was ingested from it.
        """
        if not sources:
            sources = (self.provider_name,) if self.is_ingested() else ()
        notices = (self._notice_of(source) for source in dict.fromkeys(sources))
        return " ".join(notice for notice in notices if notice) or None

    def _notice_of(self, source: str) -> str | None:
        if self._provider is not None and self._provider.name == source:
            return self._provider.notice
        return provider_notice(self.settings, source)

    # Use cases that change what is stored

    def ingest(
        self,
        progress: Progress = no_progress,
        tickers: Sequence[str] | None = None,
        data_sets: Sequence[DataSet] | None = None,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> IngestAnswer:
        """Ingest everything, or these data sets of these companies."""
        from .services.ingest import DATA_SETS, IngestEverything
        from .services.parameters import parse_tickers

        started = perf_counter()
        chosen = None if tickers is None else parse_tickers(tickers)
        ingest_everything = IngestEverything(
            self.provider,
            self._ingest_listing(self.provider),
            self._ingest_calendar(self.provider),
            self._ingest_company(self.provider),
            self.state,
            self.clock,
        )
        wanted = DATA_SETS if data_sets is None else data_sets
        result = ingest_everything(progress, chosen, wanted, reports)
        self.finder.update(publish=chosen is None)
        return result.to_answer(self.provider, perf_counter() - started)

    def refresh(self) -> IngestAnswer:
        """Refresh the stalest companies; a provider that is not set up becomes a problem."""
        from .services.ingest import RefreshStalest

        started = perf_counter()
        try:
            provider = self.provider
        except SettingsError:
            self.state.note_blocked_refresh(self.clock())
            raise
        self.state.note_free_refresh()
        company = self._ingest_company(provider)
        result = RefreshStalest(provider, self.assets, company, self.settings.refresh_batch)()
        return result.to_answer(provider, perf_counter() - started)

    def replay(self, folder: Path | None = None, progress: Progress = no_progress) -> ReplayAnswer:
        """Build the tables from the raw responses in a folder, or in the cache."""
        from .raw_archive import copies_in
        from .services.replay import Replay

        copies = self.cache if folder is None else copies_in(folder)
        parsers = make_parsers()
        replay = Replay(parsers, self._ingest_listing, self._ingest_calendar, self._ingest_company)
        answer = replay(copies, progress)
        self.finder.update(publish="listing" in answer.stored)
        return answer

    def _ingest_listing(self, provider: Provider) -> IngestListing:
        from .services.ingest import IngestListing

        return IngestListing(provider, self.assets, self._outbox, self.clock)

    def _ingest_calendar(self, provider: Provider) -> IngestCalendar:
        from .services.ingest import IngestCalendar

        return IngestCalendar(provider, self.financials, self._outbox, self.clock)

    def _ingest_company(self, provider: Provider) -> IngestCompany:
        from .services.ingest import IngestCompany

        return IngestCompany(
            provider,
            self.assets,
            self.prices,
            self.actions,
            self.financials,
            self.news,
            self._outbox,
            self.clock,
        )

    @cached_property
    def update_insights(self) -> UpdateInsights:
        """Update the insights that an event affects."""
        from .services.insights import UpdateInsights

        window_days = self.settings.sentiment_window_days
        return UpdateInsights(
            self.assets, self.prices, self.news, self.scorer, self.bus, self.clock, window_days
        )

    @cached_property
    def notify(self) -> NotifySubscribers:
        """Notify the users who subscribed to what an event is about."""
        from .repositories.notifications import NotificationRepository
        from .repositories.users import SubscriptionRepository, UserRepository
        from .services.notifications import NotifySubscribers

        return NotifySubscribers(
            UserRepository(self.store),
            SubscriptionRepository(self.store),
            self.news,
            NotificationRepository(self.store, self.clock),
            self.notifier,
        )

    @cached_property
    def users(self) -> UserService:
        """What users do with their own data."""
        from .repositories.notifications import NotificationRepository
        from .repositories.users import (
            RecentlyViewedRepository,
            SubscriptionRepository,
            UserRepository,
        )
        from .services.briefing import GetBriefing
        from .services.users import UserService

        users, viewed = UserRepository(self.store), RecentlyViewedRepository(self.store, self.clock)
        return UserService(
            users,
            SubscriptionRepository(self.store),
            NotificationRepository(self.store, self.clock),
            viewed,
            self.finder,
            self._outbox,
            self.clock,
            GetBriefing(users, viewed, self.assets, self.news),
        )
