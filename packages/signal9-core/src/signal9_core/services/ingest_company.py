"""Ingest of one company: bring what is stored of it up to what a provider has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet, Freshness
from ..domain.reports import ALL_REPORTS
from ..errors import ProviderError, QuotaExhaustedError
from ..events import (
    AssetDataUpdated,
    FinancialDataIngested,
    IngestionFailed,
    NewsIngested,
    PricesUpdated,
)
from ..ports import ABSENT
from ..repositories.news import NewsChange
from ..schemas.operations import FailureAnswer, IngestAnswer
from .outbox import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date

    from ..domain.adjustment import CorporateAction
    from ..domain.companies import AssetProfile, CompanyOverview, PendingEvent
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..domain.reports import Report, ReportKind
    from ..events import Event
    from ..ports import Clock
    from ..provider_port import History, Provider
    from ..repositories.actions import ActionRepository, Coverage, KnownActions
    from ..repositories.companies import AssetRepository
    from ..repositories.news import NewsRepository
    from ..repositories.prices import PriceRepository
    from ..repositories.reports import FinancialsRepository
    from .outbox import Outbox

__all__ = ["DATA_SETS", "IngestCompany", "IngestResult"]

DATA_SETS: Final = tuple(DataSet)
"""What is requested of a provider about a company, in this order."""

_CORRECTIONS: Final = timedelta(days=7)
"""Bars and splits of so many days before the last known one are requested again."""
_LATE_NEWS: Final = timedelta(days=1)
"""An article may reach its provider so long after it was published."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass
class IngestResult:
    """Counts by data set, of what is stored now and of what was new or changed; and failures.

    `out_of_calls` tells that something is left for later, since the budget of calls is used up.
    """

    stored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    failed: list[FailureAnswer] = field(default_factory=list)
    out_of_calls: bool = False

    def count(self, data_set: str, stored: int, changed: int) -> None:
        """Add to the counts of a data set."""
        self.stored[data_set] += stored
        self.changed[data_set] += changed

    def fail(self, error: ProviderError, data_set: str, ticker: Ticker | None = None) -> None:
        """Add a data set that could not be ingested."""
        failure = FailureAnswer(
            ticker=ticker, data_set=data_set, reason=str(error), transient=error.transient
        )
        self.failed.append(failure)
        self.out_of_calls |= isinstance(error, QuotaExhaustedError)

    def add(self, other: IngestResult) -> None:
        """Add another result to this one."""
        self.stored.update(other.stored)
        self.changed.update(other.changed)
        self.failed += other.failed
        self.out_of_calls |= other.out_of_calls

    def failure_events(self, at: datetime) -> list[IngestionFailed]:
        """Return an event for each failure."""
        return [
            IngestionFailed.model_validate({"at": at, **failure.model_dump()})
            for failure in self.failed
        ]

    def to_answer(self, provider: Provider, seconds: float) -> IngestAnswer:
        """Return the result as entry points show it."""
        return IngestAnswer(
            provider=provider.name,
            notice=provider.notice,
            stored=dict(self.stored),
            changed=dict(self.changed),
            failed=self.failed,
            seconds=Decimal(f"{seconds:.3f}"),
        )


@dataclass(frozen=True)
class IngestCompany:
    """Bring what is stored of a company up to what the provider has.

    Events are added to the company's record, then data are written, then their freshness; then the
    events are published, and only then the company counts as checked. So stopping at any moment
    leaves nothing that the next run does not complete.
    """

    provider: Provider
    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    financials: FinancialsRepository
    news: NewsRepository
    outbox: Outbox
    clock: Clock

    def __call__(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> IngestResult:
        """Ingest these data sets; one that fails is reported and does not stop the others.

        Only these `reports` are requested of the provider.
        """
        run = _CompanyRun(self, ticker)
        steps: dict[DataSet, Callable[[], _Update | None]] = {
            DataSet.OVERVIEW: run.overview,
            DataSet.PRICES: run.prices,
            DataSet.FINANCIALS: lambda: run.financials(reports),
            DataSet.NEWS: run.news,
        }
        for data_set in data_sets:
            try:
                run.note(data_set, steps[data_set]())
            except ProviderError as error:
                run.result.fail(error, data_set, ticker)
            except KeyboardInterrupt:
                run.save()  # calls were spent on it
                raise
        run.finish()
        return run.result


@dataclass(frozen=True)
class _Update:
    """What an ingest of a data set came to; without `added`, `count` says what is stored."""

    as_of: date
    complete: bool
    changed: int
    added: int | None
    count: Callable[[], int]


class _CompanyRun:
    """One ingest of one company: its record is read once, and written at the end."""

    def __init__(self, parts: IngestCompany, ticker: Ticker) -> None:
        self.result = IngestResult()
        self._parts = parts
        self._provider = parts.provider
        self._ticker = ticker
        self._record = parts.assets.read(ticker)
        self._before = self._record.profile
        self._overview: CompanyOverview | None = None
        self._updates: dict[DataSet, _Update] = {}
        self._events: list[PendingEvent] = []

    def overview(self) -> _Update | None:
        """Request the description."""
        overview = self._provider.overview(self._ticker)
        if overview is None:
            return None
        changed = overview != self._before.overview
        if changed:
            at = self._parts.clock()
            event = AssetDataUpdated(at=at, tickers=(self._ticker,), data_set="overview")
            self._overview = overview
            self._events.append(pack(event))  # written together with the description
        return _Update(self._today(), complete=True, changed=changed, added=None, count=lambda: 1)

    def prices(self) -> _Update | None:
        """Request bars, splits and dividends: recent ones, or all where something may be missing.

        Actions are stored first, so that no bar is ever without the split that explains it.
        """
        known = self._parts.actions.known(self._ticker)
        history = self._provider.history(self._ticker, self._prices_since(known.coverage))
        if history is None:
            return None
        self._sync_actions(history, known)
        bars = history.bars
        if not bars:
            return None
        change = self._parts.prices.merge(
            bars, lambda planned: self._record_prices(planned.first, planned.last, planned.count)
        )
        before = self._before.freshness.get(DataSet.PRICES)
        meets = before is not None and before.complete and bars.day(0) <= before.as_of
        return _Update(
            as_of=bars.day(-1) if before is None else max(bars.day(-1), before.as_of),
            complete=history.complete or meets,
            changed=0 if change is None else change.count,
            added=0 if change is None else change.added,
            count=lambda: len(self._parts.prices.between(self._ticker)),
        )

    def financials(self, kinds: Collection[ReportKind]) -> _Update | None:
        """Request reports of these kinds."""

        def record(changed: list[Report]) -> None:
            self._record_events(
                FinancialDataIngested(
                    at=self._parts.clock(),
                    ticker=self._ticker,
                    reports=tuple(sorted({report.kind for report in changed})),
                    count=len(changed),
                )
            )

        answer = self._provider.financials(self._ticker, kinds)
        reports = [*answer.statements, *answer.earnings]
        if not reports:
            return None
        before = self._before.freshness.get(DataSet.FINANCIALS)
        changes = self._parts.financials.sync(self._ticker, reports, record)
        complete = self._provider.complete(DataSet.FINANCIALS, len(reports))
        if not set(kinds) >= ALL_REPORTS:  # the other kinds are as complete as they were
            complete = before is not None and before.complete
        days = [report.fiscal_date_ending for report in reports]
        return _Update(
            as_of=max(days if before is None else [*days, before.as_of]),
            complete=complete,
            changed=len(changes.changed),
            added=None,
            count=lambda: changes.stored,
        )

    def news(self) -> _Update | None:
        """Request articles; those that came when others were ingested are announced as well."""
        before = self._continued(DataSet.NEWS)
        since = None if before is None else before.fetched_at - _LATE_NEWS
        articles = list(self._provider.news(self._ticker, since))
        if not articles and before is None:
            return None
        changes: list[NewsChange] = []

        def record(planned: list[NewsChange]) -> None:
            changes.extend(planned)
            self._record_news(planned)

        changed = self._parts.news.sync(articles, record)
        shared = self._shared_news(articles, changed)
        if shared:
            moments = [article.published_at for article in shared]
            first, last, count = min(moments), max(moments), len(moments)
            self._record_news([NewsChange(self._ticker, first, last, count, added=count)])
        added = sum(change.added for change in changes if change.ticker == self._ticker)
        whole = self._provider.complete(DataSet.NEWS, len(articles))
        return _Update(
            as_of=self._today(),
            complete=whole if before is None else before.complete,
            changed=len(changed),
            # Ingests of other companies add articles, too; a partial request shows only some.
            added=None if since is None or shared else added,
            count=lambda: self._parts.news.count(self._ticker),
        )

    def note(self, data_set: DataSet, update: _Update | None) -> None:
        """Keep what a data set came to, for the record."""
        if update is None:
            self.result.count(data_set, 0, 0)
        else:
            self._updates[data_set] = update

    def finish(self) -> None:
        """Write the record, publish what is pending, and note that the company was checked."""
        published: list[PendingEvent] = []
        if self._record.profile.pending or self._events:
            self.save()
            # Another run may have published, and removed, what this one recorded.
            published = list(dict.fromkeys((*self._record.profile.pending, *self._events)))
            self._parts.outbox.send([unpack(event) for event in published])
            self._events = []
            self._record = self._parts.assets.read(self._ticker)  # its insights may be new
        self._parts.outbox.send(self.result.failure_events(self._parts.clock()))
        self.save(published, checked=not self.result.out_of_calls)

    def _sync_actions(self, history: History, known: KnownActions) -> None:
        def record(changed: list[CorporateAction]) -> None:
            if self._record.version == ABSENT and not history.bars:
                return  # actions of a company without prices change no price
            days = [action.ex_date for action in changed]
            self._record_prices(min(days), max(days), len(days))

        if not history.actions and history.coverage is None:
            return
        new = [action for action in history.actions if action not in known.actions]
        changed = self._parts.actions.sync(new, record) if new else 0
        if history.coverage is not None and not _covers(known.coverage, history.coverage):
            self._parts.actions.note_coverage(self._ticker, *history.coverage)
        days = {(action.ex_date, action.kind) for action in (*known.actions, *history.actions)}
        self.result.count("actions", len(days), changed)

    def _record_news(self, changes: Sequence[NewsChange]) -> None:
        at = self._parts.clock()
        self._record_events(*(_news_ingested(change, at) for change in changes))

    def _record_prices(self, first: date, last: date, count: int) -> None:
        at = self._parts.clock()
        self._record_events(
            PricesUpdated(at=at, ticker=self._ticker, first=first, last=last, count=count)
        )

    def _record_events(self, *events: Event) -> None:
        """Add events to the record before the data that they are about are written."""
        self._events += map(pack, events)

        def saved(profile: AssetProfile) -> AssetProfile:
            return profile.model_copy(update={"pending": self._pending(profile)})

        self._record = self._parts.assets.change(self._ticker, saved, known=self._record)

    def save(self, published: Collection[PendingEvent] = (), *, checked: bool = False) -> None:
        """Write what is new to the record, without the events that are published by now."""
        if self._record.version == ABSENT and not self._updates:
            return  # nobody knows such a company

        def saved(profile: AssetProfile) -> AssetProfile:
            pending = (event for event in self._pending(profile) if event not in published)
            # A replayed response came earlier; that does not make a company any staler.
            checked_at = max(profile.checked_at or _NEVER, self._provider.retrieved_at())
            return profile.model_copy(
                update={
                    "overview": self._overview or profile.overview,
                    "freshness": {**profile.freshness, **self._freshness(profile)},
                    "pending": tuple(pending),
                    "checked_at": checked_at if checked else profile.checked_at,
                }
            )

        self._record = self._parts.assets.change(self._ticker, saved, known=self._record)
        for data_set, update in self._updates.items():
            count = self._record.profile.freshness[data_set].count
            self.result.count(data_set, count, update.changed)
        self._updates = {}

    def _pending(self, profile: AssetProfile) -> tuple[PendingEvent, ...]:
        return tuple(dict.fromkeys((*profile.pending, *self._events)))

    def _freshness(self, profile: AssetProfile) -> dict[DataSet, Freshness]:
        return {
            data_set: Freshness(
                as_of=update.as_of,
                source=self._provider.name,
                complete=update.complete,
                fetched_at=self._provider.retrieved_at(),
                count=self._count(data_set, update, profile),
            )
            for data_set, update in self._updates.items()
        }

    def _count(self, data_set: DataSet, update: _Update, profile: AssetProfile) -> int:
        """Add what is new to the count of before.

        Where a run was stopped, or another one has finished meanwhile, that says too little.
        """
        before, now = self._before.freshness.get(data_set), profile.freshness.get(data_set)
        if update.added is None or now is None or now != before or self._before.pending:
            return update.count()
        return now.count + update.added

    def _continued(self, data_set: DataSet) -> Freshness | None:
        """Return the freshness of data from the same provider, if it can be asked for new ones.

        Providers of few companies are asked for everything, every time.
        """
        before = self._before.freshness.get(data_set)
        same = before is not None and before.source == self._provider.name
        return before if same and self._provider.covered() is None else None

    def _prices_since(self, coverage: Coverage | None) -> date | None:
        before = self._continued(DataSet.PRICES)
        if before is None or not before.complete or self._before.pending:
            return None
        since = before.as_of - _CORRECTIONS
        return since if _covers(coverage, (since, since)) else None

    def _shared_news(
        self, articles: Sequence[NewsArticle], changed: Sequence[NewsArticle]
    ) -> list[NewsArticle]:
        """Return what other companies' ingests have stored since this one was last ingested."""
        before, now = self._before.freshness.get(DataSet.NEWS), self._provider.retrieved_at()
        ids = {article.id for article in changed}
        return [
            article
            for article in articles
            if article.id not in ids
            and (before is None or before.fetched_at < article.published_at <= now)
        ]

    def _today(self) -> date:
        return self._provider.retrieved_at().date()


def _news_ingested(change: NewsChange, at: datetime) -> NewsIngested:
    return NewsIngested(
        at=at, ticker=change.ticker, first=change.first, last=change.last, count=change.count
    )


def _covers(coverage: Coverage | None, days: Coverage) -> bool:
    return coverage is not None and coverage[0] <= days[0] and days[1] <= coverage[1]
