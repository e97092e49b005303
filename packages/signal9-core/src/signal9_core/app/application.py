"""The application: every query and use case, put together from its parts.

What changes data loads when it is first called: functions that only answer start without it.
"""

from __future__ import annotations

from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from ..answers import ReplayAnswer, SkippedAnswer
from ..errors import SettingsError
from ..ports import ALL_REPORTS, utc_now
from ..queries import prove_signing
from ..queries.parameters import ticker_of
from .asked import Asked
from .outcomes import tell_outcome
from .settling import SettlingPublisher

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from ..answers import IngestAnswer
    from ..domain import DataSet, ReportKind
    from ..enhance import Enhance
    from ..events import Event
    from ..ingest import Announcer, IngestCompany, IngestEverything
    from ..keys import RotateSigningKey
    from ..notify import NotifyFollowers
    from ..ports import Clock, EventPublisher, Progress, Provider
    from ..replay import Replay
    from ..settings import Settings
    from .own import Own

__all__ = ["App", "build", "no_progress"]


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
        from ..ingest import DATA_SETS

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
        from ..caches import copies_in

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
        from ..ingest import RefreshStalest

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
        from ..enhance import Enhance

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
        from ..notify import NotifyFollowers

        return NotifyFollowers(
            self.users,
            self.followers,
            self.news,
            self.notified,
            self.notifier,
        )

    @cached_property
    def rotate_signing_key(self) -> RotateSigningKey:
        """Renew the key that signs cursors, in the steps of Secrets Manager."""
        from ..keys import RotateSigningKey, secrets_client

        return RotateSigningKey(secrets_client(), prove_signing)

    @cached_property
    def own(self) -> Own:
        """What a caller does with their own record."""
        from .own import Own

        publisher = SettlingPublisher(self.publisher, self.settle)
        return Own(self, self._announcer(publisher), self._clock)

    def take_events(self) -> list[Event]:
        """Return events that were published within this process and nobody has taken yet."""
        from ..publishers.memory import MemoryPublisher

        return self.publisher.take() if isinstance(self.publisher, MemoryPublisher) else []

    def settle(self) -> None:
        """Enhance and notify until nothing is announced any more; on AWS the bus does this."""
        while events := self.take_events():
            for event in events:
                self.enhance(event)
                self.notify(event)

    def _announcer(self, publisher: EventPublisher) -> Announcer:
        from ..ingest import Announcer

        return Announcer(self.outbox, publisher, self._clock)

    @cached_property
    def _replay(self) -> Replay:
        from ..ingest import IngestCalendar, IngestListing
        from ..replay import Replay
        from .library import make_library

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
        from ..ingest import IngestCompany

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
        from ..ingest import IngestCalendar, IngestEverything, IngestListing

        announcer = self._announcer(SettlingPublisher(self.publisher, self.settle))
        return IngestEverything(
            self.provider,
            IngestListing(self.provider, self.assets, announcer, self._clock),
            IngestCalendar(self.provider, self.financials, announcer, self._clock),
            self._ingest_company(announcer),
            self.state,
            self._clock,
        )
