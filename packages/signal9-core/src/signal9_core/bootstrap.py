"""Keys that the settings hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Self

from .credentials import Credentials, EnvironmentCredentials
from .errors import SettingsError
from .ports import ALL_REPORTS, utc_now
from .quota import SharedQuota, alpaca_plan, alphavantage_plan
from .repositories import (
    ActionRepository,
    AssetRepository,
    FinancialsRepository,
    ListingRepository,
    NewsRepository,
    NotificationRepository,
    OutboxRepository,
    PriceRepository,
    QuotaRepository,
    RecentlyViewedRepository,
    StateRepository,
    SubscriptionRepository,
    UserRepository,
)
from .schemas import (
    FailureAnswer,
    IngestAnswer,
    QuotaAnswer,
    ReplayAnswer,
    SkippedAnswer,
)
from .services.briefing import GetBriefing
from .services.cursors import CursorSigner
from .services.prices import GetPriceBatch, GetPrices
from .services.queries import (
    CompanyFinder,
    GetAsset,
    GetFinancials,
    GetStatus,
    ListAssets,
    ListNews,
    ListProblems,
    SearchCompanies,
    ticker_of,
)
from .services.replay import Dialect, Library
from .services.users import (
    ChangeRecord,
    DeleteRecord,
    ExportRecord,
    GetRecord,
    ListNotifications,
    MarkRead,
    NoteViewed,
    OwnRecords,
    PatchRecord,
    PutTopics,
    PutWatchlist,
    PutWizard,
)
from .tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from .credentials import CredentialSource
    from .domain import DataSet, ReportKind
    from .events import Event
    from .ports import (
        Clock,
        EventPublisher,
        Notifier,
        Progress,
        Provider,
        Quota,
        RawCache,
        SentimentScorer,
        Store,
    )
    from .quota import Plan
    from .raw_archive import RawArchive
    from .schemas import (
        KeysAnswer,
    )
    from .services.ingest import IngestCompany, IngestEverything, Outcome
    from .services.insights import Enhance
    from .services.notifications import NotifySubscribers
    from .services.outbox import Announcer
    from .services.replay import Replay
    from .settings import Settings
__all__ = [
    "App",
    "Asked",
    "Own",
    "Parts",
    "Quotas",
    "SettlingPublisher",
    "build",
    "make_cache",
    "make_credential_sources",
    "make_library",
    "make_notifier",
    "make_provider",
    "make_publisher",
    "make_scorer",
    "make_store",
    "no_progress",
    "notice_of",
    "tell_outcome",
]


def make_library() -> Library:
    """Return how to read what providers sent."""
    from .providers.alpaca import parsers as alpaca
    from .providers.alpaca.parsers import canonical as canonical_at_alpaca
    from .providers.alphavantage import parsers as alphavantage
    from .providers.alphavantage.symbols import canonical as canonical_at_alphavantage
    from .providers.calendar import last_finished_day

    dialects = {
        name: Dialect(
            spoken.PARSERS, canonical, spoken.DATA_SETS, spoken.TELL_ACTIONS, spoken.is_whole
        )
        for name, spoken, canonical in (
            ("alpaca", alpaca, canonical_at_alpaca),
            ("alphavantage", alphavantage, canonical_at_alphavantage),
        )
    }
    return Library(dialects, last_finished_day)


def tell_outcome(outcome: Outcome, provider: Provider, started: float) -> IngestAnswer:
    """Return what was stored, what changed and what failed, and the seconds since `started`."""
    return IngestAnswer(
        provider=provider.name,
        notice=provider.notice,
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


class Quotas:
    """One `SharedQuota` for each provider that has a limit."""

    def __init__(self, settings: Settings, store: Callable[[], Store], clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._made: dict[str, SharedQuota] = {}

    def of(self, provider: str) -> SharedQuota | None:
        """Return a provider's budget; `None` where there is no limit."""
        plan = self._plans().get(provider)
        if plan is None:
            return None
        if provider not in self._made:
            patience = timedelta(seconds=self._settings.quota_patience_s)
            budgets = QuotaRepository(self._store())
            self._made[provider] = SharedQuota(plan, budgets, self._clock, patience)
        return self._made[provider]

    def status(self) -> list[QuotaAnswer]:
        """Return what is left of every budget that is in use."""
        quotas = {name: self.of(name) for name in self._plans() if self._is_in_use(name)}
        return [
            QuotaAnswer(
                provider=name,
                period=level.period,
                limit=level.limit,
                left=level.left,
                refills_at=level.refills_at,
            )
            for name, quota in quotas.items()
            if quota is not None
            for level in quota.levels()
        ]

    def _plans(self) -> Mapping[str, Plan]:
        return {
            "alphavantage": alphavantage_plan(self._settings.alphavantage_per_minute),
            "alpaca": alpaca_plan(self._settings.alpaca_per_minute),
        }

    def _is_in_use(self, provider: str) -> bool:
        key = getattr(self._settings, f"{provider}_key")
        return self._settings.provider == provider or key is not None


@dataclass(frozen=True)
class SettlingPublisher:
    """An `EventPublisher` after which everything that follows is stored, too.

    Events in memory die with the process. So what is kept to be announced is dropped only then.
    """

    publisher: EventPublisher
    settle: Callable[[], None]

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over every event, and see to what follows."""
        self.publisher.publish(events)
        self.settle()


def make_store(settings: Settings, clock: Clock) -> Store:
    """Return the store; `StoreError` where it cannot be opened."""
    if settings.store == "dynamodb":
        from .aws import aws_client
        from .stores.dynamodb import DynamoStore

        names = {table.name: settings.table_name(table.name) for table in TABLES}
        return DynamoStore(aws_client("dynamodb"), names, clock=clock)
    from .stores.sqlite import SqliteStore

    return SqliteStore.open(settings.database, clock=clock)


def make_provider(
    settings: Settings,
    clock: Clock,
    quota: Quota | None = None,
    cache: RawCache | None = None,
) -> Provider:
    """Return where market data comes from; `SettingsError` where its key is missing."""
    match settings.provider:
        case "alphavantage":
            return _alphavantage(settings, clock, quota, cache)
        case "alpaca":
            return _alpaca(settings, clock, quota, cache)
        case "sample":
            from .providers.sample.provider import SampleProvider

            return SampleProvider()


def notice_of(settings: Settings, source: str) -> str | None:
    """Return what people must know of data from a source; that needs neither key nor network."""
    match source:
        case "alphavantage":
            from .providers.alphavantage.symbols import FREE_NOTICE

            return None if settings.alphavantage_per_minute else FREE_NOTICE
        case "alpaca":
            from .providers.alpaca.parsers import NOTICE

            return NOTICE
        case "sample":
            from .providers.sample.provider import SampleProvider

            return SampleProvider.notice
    return None


def make_cache(settings: Settings) -> RawArchive:
    """Return where raw answers are kept: the named bucket, or a folder in the home."""
    from .raw_archive import FolderFiles, RawArchive

    if settings.cache_bucket is not None:
        from .aws import aws_client
        from .raw_archive import BucketFiles

        return RawArchive(BucketFiles(aws_client("s3"), settings.cache_bucket))
    return RawArchive(FolderFiles(settings.cache))


def make_credential_sources(settings: Settings) -> tuple[CredentialSource, ...]:
    """Return where keys are looked for, the first choice first."""
    from .aws import aws_client
    from .credentials import KeyringCredentials, SecretsManagerCredentials

    values = EnvironmentCredentials(
        {
            "alphavantage_key": settings.alphavantage_key,
            "alpaca_key": settings.alpaca_key,
            "alpaca_secret": settings.alpaca_secret,
        }
    )
    local = (values, KeyringCredentials())
    if settings.store != "dynamodb":
        return local
    return (*local, SecretsManagerCredentials(aws_client("secretsmanager"), settings.stage))


def make_scorer() -> SentimentScorer:
    """Return who judges articles that came without a tone."""
    from .sentiment.scorer import LexiconScorer

    return LexiconScorer()


def make_publisher(settings: Settings) -> EventPublisher:
    """Return where events go: the named bus, or this process."""
    if settings.event_bus is not None:
        from .aws import aws_client
        from .publishers import EventBridgePublisher

        return EventBridgePublisher(aws_client("events"), settings.event_bus)
    from .publishers import MemoryPublisher

    return MemoryPublisher()


def make_notifier(settings: Settings) -> Notifier:
    """Return where notifications go: the named topic, or this process."""
    if settings.notification_topic is not None:
        from .aws import aws_client
        from .publishers import SnsNotifier

        return SnsNotifier(aws_client("sns"), settings.notification_topic)
    from .publishers import MemoryNotifier

    return MemoryNotifier()


def _alphavantage(
    settings: Settings, clock: Clock, quota: Quota | None, cache: RawCache | None
) -> Provider:
    with _live_extra():
        from .providers.alphavantage.client import AlphaVantageClient
        from .providers.alphavantage.provider import AlphaVantageProvider

    client = AlphaVantageClient(
        settings.alphavantage_key,
        base_url=settings.alphavantage_url,
        quota=quota,
        cache=cache,
        clock=clock,
    )
    premium = settings.alphavantage_per_minute is not None
    return AlphaVantageProvider(client, premium=premium, clock=clock)


def _alpaca(
    settings: Settings, clock: Clock, quota: Quota | None, cache: RawCache | None
) -> Provider:
    with _live_extra():
        from .providers.alpaca.client import AlpacaClient
        from .providers.alpaca.provider import AlpacaProvider

    client = AlpacaClient(
        settings.alpaca_key,
        settings.alpaca_secret,
        trading_url=settings.alpaca_url,
        data_url=settings.alpaca_data_url,
        feed=settings.alpaca_feed,
        quota=quota,
        cache=cache,
        clock=clock,
    )
    return AlpacaProvider(client, clock=clock)


@contextmanager
def _live_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            "live providers need more packages: pip install 'signal9-core[live]'"
        ) from error


class Parts:
    """The parts that the settings chose; tests put others in their place."""

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
        """Close what was opened and needs closing."""
        for name in ("provider", "store"):
            close = getattr(self.__dict__.get(name), "close", None)
            if close is not None:
                close()

    @cached_property
    def store(self) -> Store:
        """Where everything is kept."""
        return make_store(self.settings, self._clock)

    @cached_property
    def provider(self) -> Provider:
        """Where market data comes from."""
        name = self.settings.provider
        keyed = self.settings.model_copy(update=self.keys.of(name))
        quota = self.quotas.of(name)
        cache = None if quota is None else self.cache
        return make_provider(keyed, self._clock, quota, cache)

    @property
    def provider_name(self) -> str:
        """How the provider is called; who only reads what is stored needs no key for it."""
        made = self.__dict__.get("provider")
        return str(self.settings.provider if made is None else made.name)

    @cached_property
    def quotas(self) -> Quotas:
        """How often providers may be asked."""
        return Quotas(self.settings, lambda: self.store, self._clock)

    @cached_property
    def keys(self) -> Credentials:
        """The keys of providers."""
        return Credentials(make_credential_sources(self.settings))

    @cached_property
    def cache(self) -> RawArchive:
        """Where raw answers are kept."""
        return make_cache(self.settings)

    @cached_property
    def publisher(self) -> EventPublisher:
        """Where events go."""
        return make_publisher(self.settings)

    @cached_property
    def notifier(self) -> Notifier:
        """Where notifications go."""
        return make_notifier(self.settings)

    @cached_property
    def scorer(self) -> SentimentScorer:
        """Who judges articles that came without a tone."""
        return make_scorer()

    @cached_property
    def finder(self) -> CompanyFinder:
        """The search index over the listing."""
        return CompanyFinder(self.assets, self.listing)

    @cached_property
    def cursors(self) -> CursorSigner:
        """Who signs cursors: by the settings' key, a secret's, or the one kept in the store."""
        given = self.settings.cursor_key
        if given is not None:
            return CursorSigner(given.get_secret_value())
        return CursorSigner(self.state.cursor_key())

    @cached_property
    def assets(self) -> AssetRepository:
        """The companies."""
        return AssetRepository(self.store)

    @cached_property
    def prices(self) -> PriceRepository:
        """Their bars."""
        return PriceRepository(self.store)

    @cached_property
    def actions(self) -> ActionRepository:
        """Their splits and dividends."""
        return ActionRepository(self.store)

    @cached_property
    def financials(self) -> FinancialsRepository:
        """Their reports."""
        return FinancialsRepository(self.store)

    @cached_property
    def listing(self) -> ListingRepository:
        """The companies in a compact form."""
        return ListingRepository(self.store)

    @cached_property
    def news(self) -> NewsRepository:
        """The articles about them."""
        return NewsRepository(self.store)

    @cached_property
    def users(self) -> UserRepository:
        """The people."""
        return UserRepository(self.store)

    @cached_property
    def followers(self) -> SubscriptionRepository:
        """Who follows what."""
        return SubscriptionRepository(self.store)

    @cached_property
    def state(self) -> StateRepository:
        """What must outlive a process."""
        return StateRepository(self.store)

    @cached_property
    def outbox(self) -> OutboxRepository:
        """What is still to be announced."""
        return OutboxRepository(self.store)

    @cached_property
    def notified(self) -> NotificationRepository:
        """Who was told what already."""
        return NotificationRepository(self.store, self._clock)

    @cached_property
    def viewed(self) -> RecentlyViewedRepository:
        """Who looked at what of late."""
        return RecentlyViewedRepository(self.store, self._clock)


class Asked(Parts):
    """Queries: they return answers and change nothing."""

    @cached_property
    def list_assets(self) -> ListAssets:
        """Companies by name."""
        return ListAssets(self.assets, self.cursors)

    @cached_property
    def get_asset(self) -> GetAsset:
        """One company in full."""
        return GetAsset(self.assets, self.finder.nearest)

    @cached_property
    def get_prices(self) -> GetPrices:
        """Price history of one company."""
        return GetPrices(self.assets, self.prices, self.actions, self.cursors, self.finder.nearest)

    @cached_property
    def get_price_batch(self) -> GetPriceBatch:
        """Price histories of several companies."""
        return GetPriceBatch(self.get_prices)

    @cached_property
    def get_financials(self) -> GetFinancials:
        """Reports of one company."""
        return GetFinancials(self.assets, self.financials, self.cursors, self.finder.nearest)

    @cached_property
    def list_news(self) -> ListNews:
        """Articles, newest first."""
        return ListNews(self.assets, self.news, self.cursors, self.finder.nearest)

    @cached_property
    def search(self) -> SearchCompanies:
        """Companies by ticker or name, however they are typed."""
        return SearchCompanies(self.finder)

    @cached_property
    def get_status(self) -> GetStatus:
        """How much is stored, and how fresh it is."""
        settings = self.settings
        return GetStatus(
            self.assets,
            self.state,
            stage=settings.stage,
            store=settings.store,
            location=settings.location,
            provider=self.provider_name,
            notice=self.notice_of(self.provider_name),
            quotas=self.quotas.status,
        )

    @cached_property
    def problems(self) -> ListProblems:
        """What keeps this stage from working as it should."""
        return ListProblems(lambda: self.state)

    def key_places(self) -> KeysAnswer:
        """Tell where the keys of providers come from."""
        return self.keys.list()

    def is_ingested(self) -> bool:
        """Tell whether a full ingest from the provider came to its end before."""
        return self.state.finished_ingest(self.provider_name) is not None

    def notice_of(self, *sources: str) -> str | None:
        """Return what people must know of data from these sources, without a key for any.

        Without any named, it is about the one that everything was ingested from.
        """
        if not sources:
            return self.notice_of(self.provider_name) if self.is_ingested() else None
        found = (self._notice_of(source) for source in dict.fromkeys(sources))
        return " ".join(notice for notice in found if notice) or None

    def _notice_of(self, source: str) -> str | None:
        made = self.__dict__.get("provider")
        if made is not None and made.name == source:
            return str(made.notice) if made.notice else None
        return notice_of(self.settings, source)


class Own:
    """What the API calls for one caller; every use case takes their id first."""

    def __init__(self, parts: Parts, announcer: Announcer, clock: Clock) -> None:
        self._parts = parts
        self._announcer = announcer
        self._clock = clock

    @cached_property
    def get_record(self) -> GetRecord:
        """The record."""
        return GetRecord(self._records)

    @cached_property
    def patch_record(self) -> PatchRecord:
        """Change who they are."""
        return PatchRecord(self._change)

    @cached_property
    def put_wizard(self) -> PutWizard:
        """Note how far they got with introducing themselves."""
        return PutWizard(self._change)

    @cached_property
    def put_topics(self) -> PutTopics:
        """Follow topics."""
        return PutTopics(self._change)

    @cached_property
    def put_watchlist(self) -> PutWatchlist:
        """Watch companies."""
        return PutWatchlist(self._change, self._parts.assets, self._parts.finder.nearest)

    @cached_property
    def note_viewed(self) -> NoteViewed:
        """Note what they looked at."""
        parts = self._parts
        return NoteViewed(parts.viewed, parts.assets, parts.finder.nearest)

    @cached_property
    def list_notifications(self) -> ListNotifications:
        """What they were told."""
        return ListNotifications(self._parts.notified, self._parts.cursors)

    @cached_property
    def mark_read(self) -> MarkRead:
        """Note that they read something."""
        return MarkRead(self._parts.notified)

    @cached_property
    def export(self) -> ExportRecord:
        """Everything about them."""
        parts = self._parts
        return ExportRecord(self._records, parts.notified, parts.viewed, self._clock)

    @cached_property
    def delete(self) -> DeleteRecord:
        """Nothing about them."""
        parts = self._parts
        return DeleteRecord(
            parts.users, parts.followers, parts.notified, parts.viewed, self._announcer
        )

    @cached_property
    def briefing(self) -> GetBriefing:
        """News for them."""
        parts = self._parts
        return GetBriefing(parts.users, parts.viewed, parts.assets, parts.news, parts.cursors)

    @cached_property
    def _records(self) -> OwnRecords:
        return OwnRecords(self._parts.users, self._clock)

    @cached_property
    def _change(self) -> ChangeRecord:
        return ChangeRecord(self._records, self._parts.followers, self._announcer)


def no_progress(data_set: str, done: int, total: int) -> None:
    """Ignore how far an ingest is."""


def build(settings: Settings, *, clock: Clock = utc_now) -> App:
    """Return the application that these settings describe; nothing is opened yet."""
    return App(settings, clock)


class App(Asked):
    """What entry points call: queries return answers, use cases change what is stored."""

    def ingest(
        self,
        progress: Progress = no_progress,
        tickers: Sequence[str] | None = None,
        data_sets: Sequence[DataSet] | None = None,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> IngestAnswer:
        """Ingest everything, or these data sets of these companies, and work out what follows."""
        from .services.ingest import DATA_SETS

        started = perf_counter()
        chosen = None if tickers is None else list(dict.fromkeys(map(ticker_of, tickers)))
        wanted = DATA_SETS if data_sets is None else data_sets
        outcome = self._ingest_everything(progress, chosen, wanted, reports)
        if chosen is None:
            self.finder.publish()
        else:
            self.finder.forget()
        return tell_outcome(outcome, self.provider, started)

    def replay(self, folder: Path | None = None, progress: Progress = no_progress) -> ReplayAnswer:
        """Build the tables from raw answers in a folder, or in the cache, without a call."""
        from .raw_archive import copies_in

        kept = self.cache if folder is None else copies_in(folder)
        found = self._replay(kept, progress)
        if found.outcome.stored["listing"]:
            self.finder.publish()
        else:
            self.finder.forget()
        return ReplayAnswer(
            files=found.files,
            stored=dict(found.outcome.stored),
            changed=sum(found.outcome.changed.values()),
            skipped=[SkippedAnswer(file=file, reason=why) for file, why in found.skipped],
        )

    def refresh(self) -> IngestAnswer:
        """Refresh the stalest companies; what follows is left to whoever hears the events.

        `SettingsError` where the provider is not set up; it is then among the `problems`.
        """
        from .services.ingest import RefreshStalest

        started = perf_counter()
        self._note_whether_the_provider_is_set_up()
        company = self._ingest_company(self._announcer(self.publisher))
        batch = self.settings.refresh_batch
        outcome = RefreshStalest(self.provider, self.assets, company, batch)()
        return tell_outcome(outcome, self.provider, started)

    def _note_whether_the_provider_is_set_up(self) -> None:
        try:
            _ = self.provider
        except SettingsError:
            self.state.note_blocked_refresh(self._clock())
            raise
        self.state.note_free_refresh()

    @cached_property
    def enhance(self) -> Enhance:
        """Work out insights that an event touches."""
        from .services.insights import Enhance

        return Enhance(
            self.assets,
            self.prices,
            self.news,
            self.scorer,
            self.publisher,
            self._clock,
            self.settings.sentiment_window_days,
        )

    @cached_property
    def notify(self) -> NotifySubscribers:
        """Tell those who follow what an event is about."""
        from .services.notifications import NotifySubscribers

        return NotifySubscribers(
            self.users,
            self.followers,
            self.news,
            self.notified,
            self.notifier,
        )

    @cached_property
    def own(self) -> Own:
        """What a caller does with their own record."""
        publisher = SettlingPublisher(self.publisher, self.settle)
        return Own(self, self._announcer(publisher), self._clock)

    def take_events(self) -> list[Event]:
        """Return events that were published within this process and nobody has taken yet."""
        from .publishers import MemoryPublisher

        return self.publisher.take() if isinstance(self.publisher, MemoryPublisher) else []

    def settle(self) -> None:
        """Enhance and notify until nothing is announced any more; on AWS the bus does this."""
        while events := self.take_events():
            for event in events:
                self.enhance(event)
                self.notify(event)

    def _announcer(self, publisher: EventPublisher) -> Announcer:
        from .services.outbox import Announcer

        return Announcer(self.outbox, publisher, self._clock)

    @cached_property
    def _replay(self) -> Replay:
        from .services.ingest import IngestCalendar, IngestListing
        from .services.replay import Replay

        announcer = self._announcer(SettlingPublisher(self.publisher, self.settle))
        return Replay(
            make_library(),
            lambda source: IngestListing(source, self.assets, announcer, self._clock),
            lambda source: IngestCalendar(source, self.financials, announcer, self._clock),
            lambda source: self._ingest_company(announcer, source),
        )

    def _ingest_company(
        self, announcer: Announcer, provider: Provider | None = None
    ) -> IngestCompany:
        from .services.ingest import IngestCompany

        return IngestCompany(
            provider or self.provider,
            self.assets,
            self.prices,
            self.actions,
            self.financials,
            self.news,
            announcer,
            self._clock,
        )

    @cached_property
    def _ingest_everything(self) -> IngestEverything:
        from .services.ingest import IngestCalendar, IngestEverything, IngestListing

        announcer = self._announcer(SettlingPublisher(self.publisher, self.settle))
        return IngestEverything(
            self.provider,
            IngestListing(self.provider, self.assets, announcer, self._clock),
            IngestCalendar(self.provider, self.financials, announcer, self._clock),
            self._ingest_company(announcer),
            self.state,
            self._clock,
        )
