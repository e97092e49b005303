"""The record of a company during an ingest: events before the data they are about, and freshness.

Events are added to the record, then data are written, then their freshness; then the events are
published, and only then the company counts as checked. So stopping at any moment leaves nothing
that the next run does not complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ..domain.adjustment import describe_problem, latest_check
from ..domain.companies import (
    AssetProfile,
    CompanyOverview,
    DataSet,
    Failures,
    Freshness,
    Listing,
    PendingEvent,
    PriceCheck,
    ProblemKind,
)
from ..domain.coverage import NEVER, PriceHistory
from ..domain.identity import dispute
from ..errors import Signal9Error, StoreError, UndecidedOwnerError
from ..events import (
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    PricesUpdated,
)
from ..ports import ABSENT
from .ingest_result import describe_error, is_lasting
from .outbox import Outbox, data_set_of, is_early, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from ..domain.model import Ticker
    from ..domain.reports import ReportKind
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.optimistic import Versioned

E = TypeVar("E", bound="Event")


@dataclass(frozen=True)
class Update:
    """What an ingest of a data set came to.

    `count` says how much is stored, or `added` how much more than before; without either, what is
    stored must be counted. `reports_received` says when kinds of reports were last received.
    """

    as_of: date
    complete: bool
    changed: int
    count: int | None = None
    added: int | None = None
    reports_received: Mapping[ReportKind, datetime] = field(default_factory=dict)


class CompanyRecord:
    """The record of one company: read once, and written over the version that was read."""

    def __init__(
        self,
        ticker: Ticker,
        provider: Provider,
        assets: AssetRepository,
        count_stored: Callable[[AssetProfile, DataSet], int],
        stored: Versioned[AssetProfile] | None = None,
    ) -> None:
        self.ticker = ticker
        self._provider = provider
        self._assets = assets
        self._count_stored = count_stored
        self._stored = stored or assets.read(ticker)
        self.before = self._stored.model
        self._overview: CompanyOverview | None = None
        self._overview_events: list[PendingEvent] = []
        self._updates: dict[DataSet, Update] = {}
        self._received: set[DataSet] = set()
        self._requested: dict[DataSet, datetime] = {}
        self._failed: dict[DataSet, str] = {}
        self._history: PriceHistory | None = None
        self._price_check: PriceCheck | None = None
        self._events: list[PendingEvent] = []
        self._included: set[tuple[str, str]] = set()
        self._withdrawn: list[PendingEvent] = []
        self._published: list[PendingEvent] = []
        self.refused: dict[DataSet, StoreError] = {}

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored about the company."""
        return self._stored.version == ABSENT

    @property
    def freshness(self) -> dict[DataSet, Freshness]:
        """The freshness as it is stored now."""
        return self._stored.model.freshness

    def stopped_events(self, kind: type[E], *, unpublished: bool = False) -> list[E]:
        """Return the events of one type that a stopped run has left."""
        pending = self._stored.model.pending if unpublished else self.before.pending
        events = (unpack(event) for event in pending if not (unpublished and event.published_at))
        return [event for event in events if isinstance(event, kind)]

    def require_owner(self) -> None:
        """Raise `UndecidedOwnerError` if the ticker may have another owner now."""
        problem = self._stored.model.problem(ProblemKind.IDENTITY)
        if problem is not None:
            advice = f"see `signal9 identity {self.ticker}`"
            raise UndecidedOwnerError(f"{self.ticker}: {problem.reason}; {advice}")

    def dispute(self, claim: Listing, reason: str) -> None:
        """Write that the ticker may have another owner, for people to decide."""

        def disputed(profile: AssetProfile) -> AssetProfile:
            return dispute(profile, claim, reason)

        self._stored = self._assets.change(self.ticker, disputed, known=self._stored)

    def add_overview(self, overview: CompanyOverview, event: Event) -> None:
        """Keep a new description and its event, to be written together."""
        self._overview = overview
        self._overview_events = [pack(event)]
        self._events += self._overview_events

    def add_update(self, data_set: DataSet, update: Update) -> None:
        """Keep what a data set came to, to be written by `save`."""
        self._updates[data_set] = update
        self._received.add(data_set)

    def add_request(self, data_set: DataSet) -> None:
        """Note that the provider has answered, to be written by `save`."""
        self._requested[data_set] = self._provider.retrieved_at()

    def add_failure(self, data_set: DataSet, error: Signal9Error, recorded: int) -> None:
        """Note an error that is likely to come again, to be written by `save`.

        Events after the `recorded` first ones announce what was not stored: they are withdrawn.
        """
        if is_lasting(error):
            self._failed[data_set] = describe_error(error)
            self._withdrawn += self._events[recorded:]

    def count_events(self) -> int:
        """Return how many events have been added."""
        return len(self._events)

    def add_history(self, history: PriceHistory) -> None:
        """Keep which prices came when, to be written by `save`."""
        self._history = history

    def add_price_check(self, check: PriceCheck) -> None:
        """Keep how far adjusted closes are from the provider's, to be written by `save`."""
        self._price_check = latest_check(self._price_check, check)

    def write_events(self, *events: Event) -> None:
        """Write events, before the data that they are about are written.

        What a stopped run has written of them, and nobody has published, is not written twice.
        """
        known = [event for event in self._stored.model.pending if not event.published_at]
        new: list[PendingEvent] = []
        for event in events:
            other = next((other for other in known if _includes(unpack(other), event)), None)
            if other is None:
                new.append(pack(event))
            else:
                self._included.add((other.detail_type, other.detail))
        if not new:
            return
        self._events += new

        def changed(profile: AssetProfile) -> AssetProfile:
            return profile.model_copy(update={"pending": self._pending(profile)})

        self._stored = self._assets.change(self.ticker, changed, known=self._stored)

    def publish(self, outbox: Outbox) -> None:
        """Write the record and publish its events; those of a run that stopped, too."""
        if not (self._stored.model.pending or self._events):
            return
        self.save()
        # Another run may have published, and removed, what this one recorded.
        events = dict.fromkeys((*self._stored.model.pending, *self._events))
        self._published = [
            event for event in events if event not in self._withdrawn and not self._is_early(event)
        ]
        outbox.send([unpack(event) for event in self._published if self._is_due(event)])
        self._stored = self._assets.read(self.ticker)  # its insights may be new

    def _is_due(self, event: PendingEvent) -> bool:
        """Return whether nobody has published an event, or somebody before this run's data."""
        return not event.published_at or (event.detail_type, event.detail) in self._included

    def _is_early(self, event: PendingEvent) -> bool:
        is_stored = data_set_of(event) in self._received
        return not is_stored and is_early(event, self._stored.model, self._provider.retrieved_at())

    def save(self, *, checked: bool = False) -> None:
        """Write what is new to the record, without the events that are published by now."""
        if self.is_new and not self._updates:
            return  # nobody knows such a company

        def changed(profile: AssetProfile) -> AssetProfile:
            # A replayed response came earlier; that does not make a company any staler.
            at = self._provider.retrieved_at().replace(microsecond=0)  # as it is stored
            checked_at = max(profile.checked_at or NEVER, at)
            if profile.identity.since != self.before.identity.since:
                return profile  # the ticker has a new owner, to whom this does not belong
            profile = self._with_failures(self._with_price_check(profile))
            return profile.model_copy(
                update={
                    "history": self._history or profile.history,
                    "overview": self._overview or profile.overview,
                    "freshness": {**profile.freshness, **self._freshness(profile)},
                    "requested": _latest(profile.requested, self._requested),
                    "pending": self._pending(profile),
                    "checked_at": checked_at if checked else profile.checked_at,
                    "reports_received": self._reports_received(profile),
                }
            )

        try:
            self._stored = self._assets.change(self.ticker, changed, known=self._stored)
        except StoreError as error:
            if self._overview is None or not is_lasting(error):
                raise
            self._withdraw_overview(error)
            self.save(checked=checked)
        self._updates = {}

    def _withdraw_overview(self, error: StoreError) -> None:
        """Go on without the description, the only part of the record that a provider fills."""
        self._overview = None
        self._updates.pop(DataSet.OVERVIEW, None)
        self._requested.pop(DataSet.OVERVIEW, None)
        self._failed[DataSet.OVERVIEW] = describe_error(error)
        self._withdrawn += self._overview_events
        self.refused[DataSet.OVERVIEW] = error

    def _with_price_check(self, profile: AssetProfile) -> AssetProfile:
        if self._price_check is None:
            return profile
        check = latest_check(profile.price_check, self._price_check)
        profile = profile.model_copy(update={"price_check": check})
        reason = describe_problem(check)
        return profile.with_problem(ProblemKind.PRICES, reason, check.checked_at.date())

    def _with_failures(self, profile: AssetProfile) -> AssetProfile:
        """Count a failure once, however often it is written; clear what has succeeded since."""
        failures, at = dict(profile.failures), self._provider.retrieved_at()
        for data_set, reason in self._failed.items():
            known = failures.get(data_set)
            if known is None or known.at < at:
                count = 1 if known is None else known.count + 1
                failures[data_set] = Failures(count=count, at=at, reason=reason)
        requested = {**profile.requested, **self._requested}
        failures = {
            data_set: failed
            for data_set, failed in failures.items()
            if data_set not in requested or requested[data_set] < failed.at
        }
        if failures == profile.failures:
            return profile
        profile = profile.model_copy(update={"failures": failures})
        return profile.with_problem(ProblemKind.REQUESTS, _describe(failures), at.date())

    def _pending(self, profile: AssetProfile) -> tuple[PendingEvent, ...]:
        events = dict.fromkeys((*profile.pending, *self._events))
        done = {*self._published, *self._withdrawn}
        return tuple(event for event in events if event not in done)

    def _reports_received(self, profile: AssetProfile) -> dict[ReportKind, datetime]:
        received = dict(profile.reports_received)
        for update in self._updates.values():
            for kind, at in update.reports_received.items():
                received[kind] = max(received.get(kind, at), at)
        return received

    def _freshness(self, profile: AssetProfile) -> dict[DataSet, Freshness]:
        return {
            data_set: self._fresh(data_set, update, profile)
            for data_set, update in self._updates.items()
        }

    def _fresh(self, data_set: DataSet, update: Update, profile: AssetProfile) -> Freshness:
        """Return the freshness; a response that came earlier does not make data any staler."""
        before = profile.freshness.get(data_set)
        source, fetched_at = self._provider.name, self._provider.retrieved_at()
        as_of = update.as_of
        if before is not None and before.fetched_at > fetched_at:
            source, fetched_at = before.source, before.fetched_at
            as_of = max(as_of, before.as_of)
        return Freshness(
            as_of=as_of,
            source=source,
            complete=update.complete,
            fetched_at=fetched_at,
            count=self._count(data_set, update, profile),
        )

    def _count(self, data_set: DataSet, update: Update, profile: AssetProfile) -> int:
        """Add what is new to the count of before.

        Where a run was stopped, or another one has finished meanwhile, that says too little.
        """
        if update.count is not None:
            return update.count
        before, now = self.before.freshness.get(data_set), profile.freshness.get(data_set)
        if update.added is None or now is None or now != before or self.before.pending:
            return self._count_stored(self.before, data_set)
        return now.count + update.added


def still_due(
    profile: AssetProfile, data_sets: Sequence[DataSet], planned_at: datetime | None
) -> list[DataSet]:
    """Return those of these data sets that were not requested since this was planned."""
    if planned_at is None:
        return list(data_sets)
    failed = {name: failures.at for name, failures in profile.failures.items()}
    latest = _latest(profile.requested, failed)
    return [name for name in data_sets if latest.get(name, NEVER) < planned_at]


def _includes(recorded: Event, event: Event) -> bool:
    """Return whether a recorded event says all that another one would."""
    match recorded:
        case PricesUpdated() if isinstance(event, PricesUpdated):
            return recorded.first <= event.first and event.last <= recorded.last
        case NewsIngested(ticker=ticker) if isinstance(event, NewsIngested):
            is_within = recorded.first <= event.first and event.last <= recorded.last
            return is_within and event.ticker == ticker
        case FinancialDataIngested() if isinstance(event, FinancialDataIngested):
            return set(event.reports) <= set(recorded.reports)
        case FinancialDataRestated() if isinstance(event, FinancialDataRestated):
            return set(event.periods) <= set(recorded.periods)
    return False


def _describe(failures: Mapping[DataSet, Failures]) -> str | None:
    """Return a sentence for each data set that fails, `None` if none does."""
    sentences = (
        f"{data_set} failed {failed.count} times in a row: {failed.reason}"
        if failed.count > 1
        else f"{data_set} failed: {failed.reason}"
        for data_set, failed in failures.items()
    )
    return "; ".join(sentences) or None


def _latest(
    before: Mapping[DataSet, datetime], now: Mapping[DataSet, datetime]
) -> dict[DataSet, datetime]:
    return {**before, **{name: max(at, before.get(name, at)) for name, at in now.items()}}
