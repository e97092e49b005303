"""The application: every query and use case, put together from its parts."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ..answers import FailureAnswer, IngestAnswer, KeysAnswer, ReplayAnswer, SkippedAnswer
from ..caches import copies_in
from ..domain import DataSet
from ..enhance import Enhance
from ..events import Event
from ..ingest import (
    DATA_SETS,
    Announcer,
    IngestCalendar,
    IngestCompany,
    IngestEverything,
    IngestListing,
    Outcome,
    RefreshStalest,
)
from ..notify import NotifyFollowers
from ..ports import Clock, EventPublisher, Progress, Provider, utc_now
from ..publishers.memory import MemoryPublisher
from ..queries import (
    GetAsset,
    GetFinancials,
    GetPriceBatch,
    GetPrices,
    GetStatus,
    ListAssets,
    ListNews,
    SearchCompanies,
)
from ..queries.parameters import ticker_of
from ..replay import Replay
from ..settings import Settings
from .library import make_library
from .parts import Parts
from .settling import SettlingPublisher

if TYPE_CHECKING:
    from ..keys import RotateSigningKey
    from .own import Own

__all__ = ["App", "build", "no_progress"]


def no_progress(data_set: str, done: int, total: int) -> None:
    """Ignore how far an ingest is."""


def build(settings: Settings, *, clock: Clock = utc_now) -> "App":
    """Return the application that these settings describe; nothing is opened yet."""
    return App(settings, clock)


class App(Parts):
    """What entry points call: queries return answers, use cases change what is stored."""

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
            provider=self.provider.name,
            notice=self.provider.notice,
            quotas=self.quotas.status,
        )

    def key_places(self) -> KeysAnswer:
        """Tell where the keys of providers come from."""
        return self.keys.places()

    def is_ingested(self) -> bool:
        """Tell whether a full ingest from the provider came to its end before."""
        return self.state.finished_ingest(self.provider.name) is not None

    def ingest(
        self,
        progress: Progress = no_progress,
        tickers: Sequence[str] | None = None,
        data_sets: Sequence[DataSet] = DATA_SETS,
    ) -> IngestAnswer:
        """Ingest everything, or these data sets of these companies, and work out what follows."""
        started = perf_counter()
        chosen = None if tickers is None else [ticker_of(ticker) for ticker in tickers]
        outcome = self._ingest_everything(progress, chosen, data_sets)
        if chosen is None:
            self.finder.publish()
        else:
            self.finder.forget()
        return self._answer(outcome, started)

    def replay(self, folder: Path | None = None, progress: Progress = no_progress) -> ReplayAnswer:
        """Build the tables from raw answers in a folder, or in the cache, without a call."""
        kept = self.cache if folder is None else copies_in(folder)
        found = self._replay(kept, progress)
        self.finder.forget()
        return ReplayAnswer(
            files=found.files,
            stored=dict(found.outcome.stored),
            changed=sum(found.outcome.changed.values()),
            skipped=[SkippedAnswer(file=file, reason=why) for file, why in found.skipped],
        )

    def refresh(self) -> IngestAnswer:
        """Refresh the stalest companies; what follows is left to whoever hears the events."""
        started = perf_counter()
        company = self._ingest_company(self._announcer(self.publisher))
        batch = self.settings.refresh_batch
        outcome = RefreshStalest(self.provider, self.assets, company, batch)()
        return self._answer(outcome, started)

    @cached_property
    def enhance(self) -> Enhance:
        """Work out insights that an event touches."""
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
    def notify(self) -> NotifyFollowers:
        """Tell those who follow what an event is about."""
        return NotifyFollowers(
            self.users,
            self.followers,
            self.news,
            self.notified,
            self.notifier,
        )

    @cached_property
    def rotate_signing_key(self) -> "RotateSigningKey":
        """Renew the key that signs cursors, in the steps of Secrets Manager."""
        from ..keys import RotateSigningKey, secrets_client
        from ..queries import prove_signing

        return RotateSigningKey(secrets_client(), prove_signing)

    @cached_property
    def own(self) -> "Own":
        """What a caller does with their own record."""
        from .own import Own

        publisher = SettlingPublisher(self.publisher, self.settle)
        return Own(self, self._announcer(publisher), self._clock)

    def take_events(self) -> list[Event]:
        """Return events that were published within this process and nobody has taken yet."""
        return self.publisher.take() if isinstance(self.publisher, MemoryPublisher) else []

    def settle(self) -> None:
        """Enhance and notify until nothing is announced any more; on AWS the bus does this."""
        while events := self.take_events():
            for event in events:
                self.enhance(event)
                self.notify(event)

    def _announcer(self, publisher: EventPublisher) -> Announcer:
        return Announcer(self.outbox, publisher, self._clock)

    @cached_property
    def _replay(self) -> Replay:
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
        return IngestCompany(
            provider or self.provider,
            self.assets,
            self.prices,
            self.financials,
            self.news,
            announcer,
            self._clock,
        )

    @cached_property
    def _ingest_everything(self) -> IngestEverything:
        announcer = self._announcer(SettlingPublisher(self.publisher, self.settle))
        return IngestEverything(
            self.provider,
            IngestListing(self.provider, self.assets, announcer, self._clock),
            IngestCalendar(self.provider, self.financials, announcer, self._clock),
            self._ingest_company(announcer),
            self.state,
            self._clock,
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
