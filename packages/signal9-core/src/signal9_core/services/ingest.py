"""What an ingest did."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final, Literal, Self, TypeAlias

from ..domain import (
    Asset,
    AssetProfile,
    CorporateAction,
    DataSet,
    EarningsCalendarEntry,
    Freshness,
    NewsArticle,
    PriceSeries,
    Report,
    ReportKind,
    Ticker,
)
from ..errors import ProviderError, QuotaExhaustedError
from ..events import (
    AssetDataUpdated,
    EarningsScheduled,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
)
from ..ports import ALL_REPORTS, Clock, History, Progress, Provider
from ..repositories import (
    ActionRepository,
    AssetRepository,
    FinancialsRepository,
    NewsChange,
    NewsRepository,
    PriceChange,
    PriceRepository,
    StateRepository,
)
from .outbox import Announcer

__all__ = [
    "DATA_SETS",
    "Failure",
    "IngestCalendar",
    "IngestCompany",
    "IngestEverything",
    "IngestHistory",
    "IngestListing",
    "Ingested",
    "Outcome",
    "RefreshStalest",
    "Step",
    "subject_of",
]

Ingested: TypeAlias = DataSet | Literal["listing", "calendar"]
"""What can be ingested: a data set of a company, or what is of all companies."""


@dataclass(frozen=True)
class Failure:
    """A data set that could not be ingested; `transient` tells whether trying again can help.

    `asked` is false where the budget of calls was used up before the provider heard of it.
    """

    ticker: Ticker | None
    data_set: Ingested
    reason: str
    transient: bool
    asked: bool = True

    @classmethod
    def of(cls, error: ProviderError, data_set: Ingested, ticker: str | None = None) -> Self:
        """Return what an error came to."""
        asked = not isinstance(error, QuotaExhaustedError)
        return cls(ticker, data_set, str(error), error.transient, asked)


@dataclass
class Outcome:
    """Counts by data set, of what is stored now and of what was new or changed; and what failed."""

    stored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    failed: list[Failure] = field(default_factory=list)

    def count(self, data_set: str, stored: int, changed: int) -> None:
        """Count in what one data set came to."""
        self.stored[data_set] += stored
        self.changed[data_set] += changed

    @property
    def out_of_calls(self) -> bool:
        """Whether something is left for later, since the budget of calls is used up."""
        return not all(each.asked for each in self.failed)

    def add(self, other: "Outcome") -> None:
        """Count another outcome in."""
        self.stored.update(other.stored)
        self.changed.update(other.changed)
        self.failed.extend(other.failed)


@dataclass(frozen=True)
class Step:
    """How much is stored and was changed, and until when it reaches; nothing without `as_of`.

    `actions` is the same of splits and dividends, which come with prices; `None` where none do.
    """

    stored: int = 0
    changed: int = 0
    as_of: date | None = None
    complete: bool = True
    actions: tuple[int, int] | None = None

    def count_in(self, outcome: Outcome, data_set: DataSet) -> None:
        """Count what it came to."""
        outcome.count(data_set, self.stored, self.changed)
        if self.actions is not None:
            outcome.count("actions", *self.actions)


def subject_of(ticker: Ticker, data_set: DataSet) -> str:
    """Return under what events about a data set of a company are kept in the outbox."""
    return f"{ticker}/{data_set}"


_CHUNK: Final = 500  # as many tickers as one event may name
_SUBJECT: Final = "listing"


@dataclass(frozen=True)
class IngestListing:
    """Bring the stored listing up to the provider's."""

    provider: Provider
    assets: AssetRepository
    announcer: Announcer
    clock: Clock

    def __call__(self, progress: Progress) -> Outcome:
        """Store and announce companies that are new or different; report a provider that fails."""
        outcome = Outcome()
        try:
            listing = list(_first_of_each(self.provider.assets()))
        except ProviderError as error:
            outcome.failed.append(Failure.of(error, "listing"))
            self.announcer.announce_failures(outcome.failed)
            return outcome
        for start in range(0, len(listing), _CHUNK):
            chunk = listing[start : start + _CHUNK]
            outcome.count("listing", len(chunk), self._ingest(chunk))
            progress("listing", start + len(chunk), len(listing))
        return outcome

    def _ingest(self, chunk: Sequence[Asset]) -> int:
        changed = self.assets.sync(chunk, self._foretell)
        self.announcer.announce(self.announcer.pending(_SUBJECT))
        return len(changed)

    def _foretell(self, tickers: Sequence[Ticker]) -> None:
        event = AssetDataUpdated(at=self.clock(), tickers=tuple(tickers), data_set="listing")
        self.announcer.foretell(_SUBJECT, event)


def _first_of_each(assets: Iterable[Asset]) -> Iterator[Asset]:
    """Yield each ticker once; the first one named counts."""
    seen: set[str] = set()
    for asset in assets:
        if asset.ticker not in seen:
            seen.add(asset.ticker)
            yield asset


_SUBJECT_CALENDAR: Final = "calendar"


@dataclass(frozen=True)
class IngestCalendar:
    """Bring the announced report dates up to the provider's; dates that have passed stay."""

    provider: Provider
    financials: FinancialsRepository
    announcer: Announcer
    clock: Clock

    def __call__(self, progress: Progress) -> Outcome:
        """Store and announce dates that are new or moved; report a provider that fails."""
        outcome = Outcome()
        try:
            entries = list(self.provider.calendar())
        except ProviderError as error:
            outcome.failed.append(Failure.of(error, "calendar"))
            self.announcer.announce_failures(outcome.failed)
            return outcome
        for start in range(0, len(entries), _CHUNK):
            chunk = entries[start : start + _CHUNK]
            outcome.count("calendar", len(chunk), self._ingest(chunk))
            progress("calendar", start + len(chunk), len(entries))
        return outcome

    def _ingest(self, chunk: Sequence[EarningsCalendarEntry]) -> int:
        changed = self.financials.schedule(chunk, self._foretell)
        self.announcer.announce(self.announcer.pending(_SUBJECT_CALENDAR))
        return len(changed)

    def _foretell(self, entries: Sequence[EarningsCalendarEntry]) -> None:
        at = self.clock()
        events = [
            EarningsScheduled(at=at, ticker=each.ticker, report_date=each.report_date)
            for each in entries
        ]
        self.announcer.foretell(_SUBJECT_CALENDAR, *events)


@dataclass(frozen=True)
class IngestHistory:
    """Bring bars, splits and dividends up to the provider's.

    Actions are written first, so that no bar is ever without the split that explains it.
    """

    provider: Provider
    prices: PriceRepository
    actions: ActionRepository
    announcer: Announcer
    clock: Clock

    def __call__(self, ticker: Ticker, known: Freshness | None) -> Step:
        """Ingest it; `known` is how fresh the bars were before."""
        found = self.provider.history(ticker)
        if found is None:
            return Step()
        actions = self._sync_actions(ticker, found)
        if found.bars is None or not len(found.bars):
            return Step(actions=actions)

        def foretell(change: PriceChange) -> None:
            self._foretell(ticker, change.first, change.last, change.count)

        change = self.prices.merge(found.bars, foretell)
        stored = self.prices.between(ticker)
        return Step(
            len(stored),
            0 if change is None else change.count,
            stored.day(-1),
            found.complete or _meets(known, found.bars),
            actions,
        )

    def _sync_actions(self, ticker: Ticker, found: History) -> tuple[int, int] | None:
        """Return how many splits and dividends are stored, and how many of them are new."""

        def foretell(changed: list[CorporateAction]) -> None:
            days = [each.ex_date for each in changed]
            self._foretell(ticker, min(days), max(days), len(days))

        if not found.actions and found.coverage is None:
            return None
        changed = self.actions.sync(found.actions, foretell)
        if found.coverage is not None:
            self.actions.note_told(ticker, *found.coverage)
        return len(self.actions.since(ticker)), changed

    def _foretell(self, ticker: Ticker, first: date, last: date, count: int) -> None:
        event = PricesUpdated(at=self.clock(), ticker=ticker, first=first, last=last, count=count)
        self.announcer.foretell(subject_of(ticker, DataSet.PRICES), event)


def _meets(known: Freshness | None, series: PriceSeries) -> bool:
    """Tell whether bars reach back to what was stored completely, so that all are stored now."""
    return known is not None and known.complete and series.day(0) <= known.as_of


DATA_SETS: Final = tuple(DataSet)
"""What is asked of a provider about a company, in this order."""

_LATE_NEWS: Final = timedelta(days=1)
"""How long after it was published an article may still be new to its provider, or change."""


@dataclass(frozen=True)
class IngestCompany:
    """Bring what is stored of a company up to what the provider has.

    What will change is noted first, then data are written, then their freshness; then it is
    announced, and only then the company counts as looked at. So stopping at any moment leaves
    nothing that the next run does not complete.
    """

    provider: Provider
    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    financials: FinancialsRepository
    news: NewsRepository
    announcer: Announcer
    clock: Clock

    def __call__(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> Outcome:
        """Ingest these data sets; one that fails is reported and does not stop the others.

        Of financials these `reports` are asked for, and no others.
        """
        outcome = Outcome()
        fresh: dict[DataSet, Freshness] = {}
        done: list[str] = []
        for data_set in data_sets:
            try:
                step = self._step(data_set, reports)(ticker)
            except ProviderError as error:
                outcome.failed.append(Failure.of(error, data_set, ticker))
                continue
            done.append(subject_of(ticker, data_set))
            step.count_in(outcome, data_set)
            if step.as_of is not None:
                fresh[data_set] = self._freshness(step.as_of, step)
        pending = self.announcer.pending(*done)
        if pending or outcome.failed:
            self._note(ticker, fresh, looked_at=False)
            self.announcer.announce(pending)
            self.announcer.announce_failures(outcome.failed)
        self._note(ticker, fresh, looked_at=not outcome.out_of_calls)
        return outcome

    def _step(self, data_set: DataSet, reports: Collection[ReportKind]) -> Callable[[Ticker], Step]:
        steps: dict[DataSet, Callable[[Ticker], Step]] = {
            DataSet.OVERVIEW: self._overview,
            DataSet.PRICES: self._prices,
            DataSet.FINANCIALS: partial(self._financials, kinds=reports),
            DataSet.NEWS: self._news,
        }
        return steps[data_set]

    def _overview(self, ticker: Ticker) -> Step:
        overview = self.provider.overview(ticker)
        if overview is None:
            return Step()
        event = AssetDataUpdated(at=self.clock(), tickers=(ticker,), data_set="overview")
        changed = self.assets.change(
            ticker,
            lambda old: old.model_copy(update={"overview": overview}),
            lambda _: self._foretell(DataSet.OVERVIEW, ticker, event),
        )
        return Step(1, int(changed), self._today())

    def _prices(self, ticker: Ticker) -> Step:
        parts = self.prices, self.actions, self.announcer, self.clock
        ingest = IngestHistory(self.provider, *parts)
        return ingest(ticker, self._known(ticker, DataSet.PRICES))

    def _financials(self, ticker: Ticker, kinds: Collection[ReportKind]) -> Step:
        def foretell(changed: list[Report]) -> None:
            of = tuple(sorted({report.kind for report in changed}))
            event = FinancialDataIngested(
                at=self.clock(), ticker=ticker, reports=of, count=len(changed)
            )
            self._foretell(DataSet.FINANCIALS, ticker, event)

        found = self.provider.financials(ticker, kinds)
        reports = [*found.statements, *found.earnings]
        if not reports:
            return Step()
        changed = self.financials.sync(reports, foretell)
        days = [report.fiscal_date_ending for report in reports]
        complete = self.provider.complete(DataSet.FINANCIALS, len(reports))
        if set(kinds) < ALL_REPORTS:
            # The reports that were not asked for are as they were.
            known = self._known(ticker, DataSet.FINANCIALS)
            days += [] if known is None else [known.as_of]
            complete = known is not None and known.complete
        return Step(self.financials.count(ticker), len(changed), max(days), complete)

    def _news(self, ticker: Ticker) -> Step:
        def foretell(changes: list[NewsChange]) -> None:
            at = self.clock()
            events = [
                NewsIngested(
                    at=at, ticker=each.ticker, first=each.first, last=each.last, count=each.count
                )
                for each in changes
            ]
            self._foretell(DataSet.NEWS, ticker, *events)

        known = self._known(ticker, DataSet.NEWS)
        since = self._since(known)
        articles = list(self.provider.news(ticker, since))
        if not articles:
            return Step()
        changed = self.news.sync(articles, foretell)
        unheard = [] if changed else _unheard(known, articles, self.provider.retrieved_at())
        if unheard:
            moments = [article.published_at for article in unheard]
            foretell([NewsChange(ticker, min(moments), max(moments), len(unheard))])
        complete = (
            self.provider.complete(DataSet.NEWS, len(articles))
            if known is None or since is None
            else known.complete
        )
        return Step(self.news.count(ticker), len(changed), self._today(), complete)

    def _since(self, known: Freshness | None) -> datetime | None:
        """Return from when on to ask a provider that has too many news to read them all again."""
        has_few = self.provider.covered() is not None
        if has_few or known is None or known.source != self.provider.name:
            return None
        return known.fetched_at - _LATE_NEWS

    def _known(self, ticker: Ticker, data_set: DataSet) -> Freshness | None:
        profile = self.assets.get(ticker)
        return None if profile is None else profile.freshness.get(data_set)

    def _foretell(self, data_set: DataSet, ticker: Ticker, *events: Event) -> None:
        self.announcer.foretell(subject_of(ticker, data_set), *events)

    def _today(self) -> date:
        return self.provider.retrieved_at().date()

    def _freshness(self, as_of: date, step: Step) -> Freshness:
        return Freshness(
            as_of=as_of,
            source=self.provider.name,
            complete=step.complete,
            fetched_at=self.provider.retrieved_at(),
            count=step.stored,
        )

    def _note(self, ticker: Ticker, fresh: dict[DataSet, Freshness], *, looked_at: bool) -> None:
        if not fresh and self.assets.get(ticker) is None:
            return  # nobody knows such a company
        asked = self.provider.retrieved_at() if looked_at else None

        def noted(old: AssetProfile) -> AssetProfile:
            # What is replayed was asked before; that does not make the company any staler.
            moments = [each for each in (old.checked_at, asked) if each is not None]
            latest = {"checked_at": max(moments)} if moments else {}
            return old.model_copy(update={"freshness": {**old.freshness, **fresh}, **latest})

        self.assets.change(ticker, noted)


def _unheard(
    known: Freshness | None, articles: list[NewsArticle], now: datetime
) -> list[NewsArticle]:
    """Return what came by way of other companies since this one was last looked at."""
    if known is None:
        return articles
    return [each for each in articles if known.fetched_at < each.published_at <= now]


_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RefreshStalest:
    """Refresh a batch of companies, the stalest first."""

    provider: Provider
    assets: AssetRepository
    ingest_company: IngestCompany
    batch: int

    def __call__(self) -> Outcome:
        """Ingest every data set of each; where the provider covers few companies, of those only.

        When the budget of calls is used up, the rest is left to the next run, which begins there.
        """
        covered = self.provider.covered()
        stalest = self.assets.stalest(self.batch) if covered is None else self._stalest_of(covered)
        outcome = Outcome()
        for ticker in stalest:
            outcome.add(self.ingest_company(ticker))
            if outcome.out_of_calls:
                break
        return outcome

    def _stalest_of(self, covered: Sequence[Ticker]) -> list[Ticker]:
        checked = {ticker: self._checked(ticker) for ticker in covered}
        return sorted(covered, key=lambda ticker: checked[ticker])[: self.batch]

    def _checked(self, ticker: Ticker) -> datetime:
        profile = self.assets.get(ticker)
        return _NEVER if profile is None or profile.checked_at is None else profile.checked_at


@dataclass(frozen=True)
class IngestEverything:
    """Ingest all there is. Stopped at any moment, the next run completes it."""

    provider: Provider
    ingest_listing: IngestListing
    ingest_calendar: IngestCalendar
    ingest_company: IngestCompany
    state: StateRepository
    clock: Clock

    def __call__(
        self,
        progress: Progress,
        tickers: Sequence[Ticker] | None = None,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> Outcome:
        """Ingest everything, or only these data sets of these companies (without the lists)."""
        outcome = Outcome()
        if tickers is None:
            outcome.add(self.ingest_listing(progress))
            outcome.add(self.ingest_calendar(progress))
        companies = tuple(self.provider.covered() or ()) if tickers is None else tuple(tickers)
        for data_set in data_sets:
            for done, ticker in enumerate(companies, 1):
                outcome.add(self.ingest_company(ticker, (data_set,), reports))
                progress(data_set, done, len(companies))
        if tickers is None and not outcome.failed:
            self.state.note_finished_ingest(self.provider.name, self.clock())
        return outcome
