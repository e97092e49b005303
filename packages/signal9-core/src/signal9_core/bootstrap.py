"""The application: its use cases, and the parts that the settings choose."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property, partial
from time import perf_counter
from typing import TYPE_CHECKING, Self, TypeVar

from . import adapters
from .errors import SettingsError
from .ports import (
    Clock,
    EventPublisher,
    Mailer,
    Notifier,
    Progress,
    SentimentScorer,
    Store,
    no_progress,
    utc_now,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from .credentials import Credentials
    from .domain.companies import DataSet, FreshnessSummary
    from .domain.reports import ReportKind
    from .domain.work import WorkItem
    from .pipeline import Pipeline
    from .provider_port import Provider
    from .quota import SharedQuota
    from .raw_archive import RawArchive
    from .repositories.companies import AssetRepository
    from .repositories.news import NewsRepository
    from .repositories.notifications import NotificationRepository
    from .repositories.prices import ActionRepository, PriceRepository
    from .repositories.reports import FinancialsRepository
    from .repositories.state import StateRepository
    from .schemas.companies import AssetAnswer, SearchAnswer
    from .schemas.operations import (
        CheckAnswer,
        DeliveryAnswer,
        IngestAnswer,
        KeysAnswer,
        ReplayAnswer,
        RunAnswer,
        StatusAnswer,
    )
    from .services.ingest import Ingest
    from .services.insights import UpdateInsights
    from .services.notifications import NotifySubscribers
    from .services.outbox import Outbox
    from .services.prices import GetPrices
    from .services.queries import CompanyFinder, GetFinancials, ListAssets, ListNews
    from .services.replay import Replay
    from .services.run import Due, Run
    from .services.status import ListProblems
    from .services.users import UserService
    from .settings import Settings

_Part = TypeVar("_Part")


class App:
    """The application that entry points call; every part is made on first use.

    A part that is passed in replaces the one that the settings choose. `close` closes only parts
    that were opened here.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store | None = None,
        provider: Provider | None = None,
        bus: EventPublisher | None = None,
        notifier: Notifier | None = None,
        mailer: Mailer | None = None,
        scorer: SentimentScorer | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._resources = ExitStack()
        self._provider = provider
        parts = {"store": store, "notifier": notifier, "mailer": mailer, "scorer": scorer}
        vars(self).update({name: part for name, part in parts.items() if part is not None})
        if bus is not None:
            self.bus = self._subscribed(bus)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the opened parts, in reverse order."""
        self._resources.close()

    def _opened(self, part: _Part) -> _Part:
        if hasattr(part, "close"):
            self._resources.callback(part.close)
        return part

    # Parts

    @cached_property
    def store(self) -> Store:
        """The tables."""
        return self._opened(adapters.open_store(self.settings, self.clock))

    @property
    def provider(self) -> Provider:
        """The source of market data; `SettingsError` if its key is missing."""
        if self._provider is None:
            self._provider = self._opened(self._make_provider(self.settings.provider))
        return self._provider

    def _make_provider(self, name: str) -> Provider:
        if name == "sample":  # needs no key, and makes no requests
            return adapters.make_provider(self.settings, self.clock)
        settings = self.settings.model_copy(update=self._credentials.of(name))
        return adapters.make_provider(settings, self.clock, self.quotas.get(name), self.cache)

    @property
    def provider_name(self) -> str:
        """The provider's name, which is known without its key."""
        return self.settings.provider if self._provider is None else self._provider.name

    @cached_property
    def quotas(self) -> dict[str, SharedQuota]:
        """The request budgets of the providers in use, by provider."""
        return adapters.make_quotas(self.settings, self.store, self.clock)

    @cached_property
    def cache(self) -> RawArchive:
        """The archive of raw responses."""
        return adapters.make_cache(self.settings)

    @cached_property
    def bus(self) -> EventPublisher:
        """The bus that events are published to."""
        return self._subscribed(adapters.make_bus(self.settings))

    def _subscribed(self, bus: EventPublisher) -> EventPublisher:
        """Subscribe to a bus in this process; on AWS, functions subscribe by rules."""
        from .publishers.in_process import InProcessEventBus

        if isinstance(bus, InProcessEventBus):
            self.pipeline.subscribe(bus)
        return bus

    @cached_property
    def pipeline(self) -> Pipeline:
        """Work and events by queues, and what of them failed for good."""
        from .pipeline import Pipeline

        return Pipeline(self, lambda: self._run)

    @cached_property
    def notifier(self) -> Notifier:
        """Sends notifications, in addition to the users' inboxes."""
        return adapters.make_notifier(self.settings)

    @cached_property
    def mailer(self) -> Mailer | None:
        """Sends mails; `None` on a stage without a sender."""
        return adapters.make_mailer(self.settings)

    @cached_property
    def scorer(self) -> SentimentScorer:
        """Scores articles that came without a sentiment."""
        return adapters.make_scorer(self.settings)

    @cached_property
    def finder(self) -> CompanyFinder:
        """The search index over all companies."""
        from .repositories.companies import ListingRepository
        from .services.queries import CompanyFinder

        return CompanyFinder(self.assets, ListingRepository(self.store))

    @cached_property
    def assets(self) -> AssetRepository:
        """The companies."""
        from .repositories.companies import AssetRepository

        return AssetRepository(self.store)

    @cached_property
    def prices(self) -> PriceRepository:
        """The daily bars of all companies."""
        from .repositories.prices import PriceRepository

        return PriceRepository(self.store)

    @cached_property
    def actions(self) -> ActionRepository:
        """The splits and dividends of all companies."""
        from .repositories.prices import ActionRepository

        return ActionRepository(self.store)

    @cached_property
    def financials(self) -> FinancialsRepository:
        """The reports of all companies."""
        from .repositories.reports import FinancialsRepository

        return FinancialsRepository(self.store)

    @cached_property
    def news(self) -> NewsRepository:
        """The articles about companies."""
        from .repositories.news import NewsRepository

        return NewsRepository(self.store)

    @cached_property
    def state(self) -> StateRepository:
        """The state that outlives a process."""
        from .repositories.state import StateRepository

        return StateRepository(self.store)

    @cached_property
    def _outbox(self) -> Outbox:
        from .services.outbox import Outbox

        return Outbox(self.store, self.bus)

    @cached_property
    def _credentials(self) -> Credentials:
        return adapters.make_credentials(self.settings)

    # Queries

    @cached_property
    def list_assets(self) -> ListAssets:
        """Companies by name, or those with certain tickers."""
        from .services.queries import ListAssets

        return ListAssets(self.assets)

    def get_asset(self, ticker: str) -> AssetAnswer:
        """Return one company in full."""
        return self.finder.describe(ticker)

    @cached_property
    def get_prices(self) -> GetPrices:
        """Bars of one company, or of several."""
        from .services.prices import GetPrices

        return GetPrices(self.finder, self.prices, self.actions)

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

    def search(self, q: str, *, limit: int = 10) -> SearchAnswer:
        """Return the companies that `q` may mean, best first."""
        return self.finder.search(q, limit)

    @cached_property
    def problems(self) -> ListProblems:
        """The problems that keep this stage from working properly."""
        from .services.status import ListProblems

        return ListProblems(
            lambda: self.state,
            provider=self.provider_name,
            clock=self.clock,
            grace=timedelta(hours=self.settings.late_after_hours),
            is_planned=self.settings.store == "dynamodb",
        )

    @property
    def freshness(self) -> FreshnessSummary | None:
        """How fresh the companies were at the latest plan; `None` before the first."""
        return self.problems.freshness

    def get_status(self) -> StatusAnswer:
        """Return how much is stored, and how fresh it is."""
        due, name = (lambda: self._due(self.provider)), self.provider_name
        notice = self.notice_of(name)
        return adapters.make_status(self.settings, self.store, due, name, self.quotas, notice)

    def list_credentials(self) -> KeysAnswer:
        """Return where each key of a provider comes from."""
        return self._credentials.list()

    def is_ingested(self) -> bool:
        """Return whether a full ingest from the provider has ever finished."""
        return self.state.finished_ingest(self.provider_name) is not None

    def is_empty(self) -> bool:
        """Return whether no company is stored."""
        return not self.is_ingested() and not self.assets.stalest(1)

    def notice_of(self, *sources: str) -> str | None:
        """Return what readers of data from these sources must know.

        Without sources, the notice is the provider's, once a full ingest from it has finished.
        """
        if not sources:
            sources = (self.provider_name,) if self.is_ingested() else ()
        notices = (self._notice_of(source) for source in dict.fromkeys(sources))
        return " ".join(notice for notice in notices if notice) or None

    def _notice_of(self, source: str) -> str | None:
        if self._provider is not None and self._provider.name == source:
            return self._provider.notice
        return adapters.provider_notice(self.settings, source)

    # Use cases that change what is stored

    def ingest(
        self,
        progress: Progress = no_progress,
        tickers: Sequence[str] | None = None,
        data_sets: Sequence[DataSet] | None = None,
        reports: Collection[ReportKind] | None = None,
        *,
        force: bool = True,
        max_age: timedelta | None = None,
        accept_losses: bool = False,
    ) -> IngestAnswer:
        """Ingest everything, or these data sets (of reports, these kinds) of these companies.

        Without `force`, nothing is requested again while it is fresh, by `max_age` or else by the
        settings. A listing that lacks very many companies is refused, unless that is accepted.
        """
        from .services.parameters import parse_tickers

        started = perf_counter()
        chosen = None if tickers is None else parse_tickers(tickers)
        due = None if force else self._due(self.provider, max_age)
        self.pipeline.publish_pending()
        result = self._ingest(self.provider).everything(
            progress, chosen, data_sets, reports, due, accept_losses=accept_losses
        )
        self._update_finder(publish=False)
        return result.to_answer(self.provider, perf_counter() - started)

    def run(self, progress: Progress = no_progress, until: datetime | None = None) -> RunAnswer:
        """Ingest what is due, as far as the provider's budget allows; begin nothing after `until`.

        A provider that is not set up becomes a problem.
        """
        started = perf_counter()
        self.pipeline.publish_pending()
        result = self._run(progress, until)
        self._update_finder(publish=False)
        return result.to_answer(self.provider, perf_counter() - started)

    def plan(self) -> list[WorkItem]:
        """Return what is due now, in order, as far as the provider's budget suffices."""
        self.pipeline.publish_pending()
        return list(self._run.plan().now)

    def work(self, item: WorkItem) -> IngestAnswer:
        """Do one item of a plan; what of it was requested since it was planned is left out."""
        started = perf_counter()
        result = self._run.work(item)
        self._update_finder(publish=False)
        return result.to_answer(self.provider, perf_counter() - started)

    @property
    def _run(self) -> Run:
        try:
            provider = self.provider
        except SettingsError:
            self.state.note_blocked_refresh(self.clock())
            raise
        self.state.note_free_refresh()
        from .services.run import Run

        ingest, quota = self._ingest(provider), self.quotas.get(provider.name)
        return self.pipeline.protect(Run(ingest, self._due(provider), self.clock, quota))

    def _due(self, provider: Provider, max_age: timedelta | None = None) -> Due:
        return adapters.make_due(self.settings, self.store, provider, self.clock, max_age)

    def replay(self, folder: Path | None = None, progress: Progress = no_progress) -> ReplayAnswer:
        """Build the tables from the raw responses in a folder, or in the cache."""
        from .raw_archive import copies_in

        copies = self.cache if folder is None else copies_in(folder)
        self.pipeline.publish_pending()
        answer = self._replay(copies, progress)
        self._update_finder(publish="listing" in answer.stored)
        return answer

    def decide_owner(self, ticker: str, *, same: bool) -> AssetAnswer:
        """Decide who owns a ticker of which listings disagree: the same company, or a new one."""
        from .services.ingest_listing import DecideOwner

        DecideOwner(self.assets, self._outbox, self.clock)(ticker, same=same)
        self._update_finder(publish=True)
        return self.get_asset(ticker)

    @property
    def _replay(self) -> Replay:
        from .services.replay import Replay

        return Replay(adapters.make_parsers(), self._ingest, self.assets, self.clock)

    def rotate_secret(self, secret: str, version: str, step: str) -> None:
        """Do a step of the rotation of Auth0's client secret."""
        adapters.make_rotation(self._opened)(secret, version, step)

    def check(self, progress: Progress = no_progress, *, repair: bool = False) -> CheckAnswer:
        """Find what is damaged in the store; `repair` it from the raw responses in the cache."""
        from .services.check import CheckStore

        stored = (self.store, self.assets, self.actions, self.news)
        replay = partial(self._replay, self.cache, progress)
        publish = partial(self._update_finder, publish=True)
        check = CheckStore(*stored, lambda: self.update_insights, replay, publish, self.clock)
        return check(progress, repair=repair)

    def _update_finder(self, *, publish: bool) -> None:
        # A finder that was not made yet has no index to renew.
        if publish or "finder" in vars(self):
            self.finder.update(publish=publish)

    def _ingest(self, provider: Provider) -> Ingest:
        from .services.ingest import Ingest
        from .services.ingest_company import IngestCompany
        from .services.ingest_listing import IngestListing

        outbox, clock, publish = (
            self._outbox,
            self.clock,
            partial(self._update_finder, publish=True),
        )
        assets, financials, state = self.assets, self.financials, self.state
        facts = (assets, self.prices, self.actions, financials, self.news)
        company = IngestCompany(provider, *facts, outbox, clock)
        listing = IngestListing(provider, assets, state, outbox, clock)
        return Ingest(provider, financials, state, outbox, clock, listing, company, publish)

    @cached_property
    def update_insights(self) -> UpdateInsights:
        """Update the insights that an event affects."""
        from .services.insights import UpdateInsights

        facts = (self.assets, self.prices, self.actions, self.financials, self.news)
        days = self.settings.sentiment_window_days
        return UpdateInsights(*facts, lambda: self.scorer, self.bus, self.clock, days)

    @cached_property
    def notify(self) -> NotifySubscribers:
        """Notify the users who subscribed to what an event is about."""
        from .repositories.users import SubscriptionRepository, UserRepository
        from .services.notifications import NotifySubscribers

        users, subscriptions = UserRepository(self.store), SubscriptionRepository(self.store)
        facts = (self.news, self.prices, self.actions, self.financials)
        return NotifySubscribers(users, subscriptions, *facts, self._inbox)

    @property
    def _inbox(self) -> NotificationRepository:
        from .repositories.notifications import NotificationRepository

        return NotificationRepository(self.store, self.clock)

    def send_notifications(self, until: datetime | None = None) -> DeliveryAnswer:
        """Send the notifications that are due, begin nothing after `until`."""
        from .repositories.users import UserRepository
        from .services.notifications import SendNotifications

        users, app_url = UserRepository(self.store), self.settings.app_url
        outlets = self.notifier, self.mailer
        return SendNotifications(users, self._inbox, *outlets, self.clock, app_url)(until)

    @cached_property
    def users(self) -> UserService:
        """The users' own records, notifications and briefing."""
        return adapters.make_users(self.settings, self.store, self.finder, self._outbox, self.clock)
