"""What to request of a provider next: a plan that follows from what was requested when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from ..domain.companies import DataSet, Failures, ListName
from ..domain.coverage import NEVER
from ..domain.work import ListState, WorkItem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ..domain.model import Ticker
    from ..repositories.companies import CompanySummary


_DAY: Final = timedelta(days=1)
_FIRST_DELAY: Final = timedelta(hours=1)
_LONGEST_DELAY: Final = timedelta(days=7)


@dataclass(frozen=True)
class MaxAge:
    """How long an answer counts as fresh. Prices are fresh until the next close."""

    lists: timedelta = timedelta(days=1)
    overview: timedelta = timedelta(days=30)
    financials: timedelta = timedelta(days=90)
    news: timedelta = timedelta(hours=1)


class Published(NamedTuple):
    """What there is to be had: since when the latest bars, and who reported when.

    `prices` is from when on the bars of the latest trading day are final.
    """

    prices: datetime
    reported: Mapping[Ticker, date]


class Plan(NamedTuple):
    """What the budget of calls suffices for, in order, and what is left for later."""

    now: Sequence[WorkItem]
    later: Sequence[WorkItem]


class _Due(NamedTuple):
    """Data sets of a company that are due, and since when the first of them is."""

    since: datetime
    ticker: Ticker
    data_sets: tuple[DataSet, ...]
    is_unpublished: bool = False


@dataclass(frozen=True)
class Planner:
    """Plans what is due of one provider: what is missing first, then what is oldest.

    `calls` says how many calls a list or a data set takes; the provider has nothing else.
    `batch_sizes` says of how many companies a call returns a data set, if not of one. What is
    overdue for longer than `patience` takes turns with what is missing, so that neither has to wait
    for the end of the other.
    """

    provider: str
    calls: Mapping[DataSet | ListName, int]
    max_age: MaxAge = field(default_factory=MaxAge)
    patience: timedelta = timedelta(days=7)
    batch_sizes: Mapping[DataSet, int] = field(default_factory=dict)

    def lists(self, states: Mapping[ListName, ListState], now: datetime) -> list[WorkItem]:
        """Return the lists that are due, by when they were last requested, or failed."""
        names: tuple[ListName, ...] = get_args(ListName)
        moments = {
            name: self._list_due_since(states.get(name, ListState()))
            for name in names
            if name in self.calls
        }
        return [
            WorkItem(
                provider=self.provider,
                planned_at=now,
                due_since=_known(since),
                calls=self.calls[name],
                name=name,
            )
            for name, since in moments.items()
            if since <= now
        ]

    def _list_due_since(self, state: ListState) -> datetime:
        requested = state.requested_at
        since = NEVER if requested is None else requested + self.max_age.lists
        return since if state.failures is None else max(since, _retry_at(state.failures))

    def plan(
        self,
        companies: Collection[CompanySummary],
        published: Published,
        now: datetime,
        budget: int | None = None,
        lists: Sequence[WorkItem] = (),
    ) -> Plan:
        """Return what is due of companies and `lists`; without a budget, nothing is for later.

        What has failed waits for longer and longer until it is requested again, behind what became
        due meanwhile.
        """
        unpublished: list[_Due | WorkItem] = []
        missing: list[_Due | WorkItem] = [item for item in lists if item.due_since is None]
        stale: list[_Due | WorkItem] = [item for item in lists if item.due_since is not None]
        for company in sorted(companies, key=_by_size):
            moments = self._moments(company, published, now)
            if company.pending:
                data_sets = tuple(name for name, since in moments.items() if since <= now)
                unpublished.append(_Due(NEVER, company.ticker, data_sets, is_unpublished=True))
                continue
            for due in self._due_of(company.ticker, moments, now):
                (missing if due.since == NEVER else stale).append(due)
        stale.sort(key=_since)
        overdue = [due for due in stale if _since(due) < now - self.patience]
        turns = [due for pair in zip_longest(missing, overdue) for due in pair if due]
        return self.within(
            self._batches([*unpublished, *turns, *stale[len(overdue) :]], now), budget
        )

    def _due_of(
        self, ticker: Ticker, moments: Mapping[DataSet, datetime], now: datetime
    ) -> Iterator[_Due]:
        """Yield what is missing of a company, and what is old; each once for all batches."""
        parts: dict[tuple[bool, bool], list[DataSet]] = {}
        for name, since in moments.items():
            if since <= now:
                key = since == NEVER, self.batch_sizes.get(name, 1) > 1
                parts.setdefault(key, []).append(name)
        for data_sets in parts.values():
            since = min(moments[name] for name in data_sets)
            yield _Due(since, ticker, tuple(data_sets))

    def _batches(self, due: Iterable[_Due | WorkItem], now: datetime) -> list[WorkItem]:
        """Return items of as many companies as one call may be about.

        Each is in the place of its first company, so that none waits for the others.
        """
        items: list[WorkItem | tuple[_Due, list[Ticker]]] = []
        open_batches: dict[tuple[bool, bool, tuple[DataSet, ...]], list[Ticker]] = {}
        for entry in due:
            if isinstance(entry, WorkItem):
                items.append(entry)
                continue
            key = entry.is_unpublished, entry.since == NEVER, entry.data_sets
            tickers = open_batches.get(key)
            if tickers is None or len(tickers) >= self._batch_size(entry.data_sets):
                open_batches[key] = tickers = []
                items.append((entry, tickers))
            tickers.append(entry.ticker)
        return [item if isinstance(item, WorkItem) else self._item(*item, now) for item in items]

    def _batch_size(self, data_sets: Sequence[DataSet]) -> int:
        return min((self.batch_sizes.get(name, 1) for name in data_sets), default=1)

    def due(
        self, company: CompanySummary, published: Published, now: datetime
    ) -> tuple[DataSet, ...]:
        """Return the data sets of a company that are missing, or not fresh any more.

        What has failed is among them: somebody who asks for a company does not have to wait.
        """
        fine = company.model_copy(update={"failures": {}})
        moments = self._moments(fine, published, now)
        return tuple(name for name, since in moments.items() if since <= now)

    def older(self, company: CompanySummary, moment: datetime) -> tuple[DataSet, ...]:
        """Return the data sets of a company that were last requested before a moment, or never."""
        return tuple(
            name
            for name in DataSet
            if name in self.calls and company.requested.get(name, NEVER) < moment
        )

    def _moments(
        self, company: CompanySummary, published: Published, now: datetime
    ) -> dict[DataSet, datetime]:
        """Return from when on the data sets of a company are due; far ahead if not yet known."""
        moments: dict[DataSet, datetime] = {}
        for data_set in DataSet:
            if data_set in self.calls:
                since = self.due_since(data_set, company, published)
                failed = company.failures.get(data_set)
                if failed is not None and since <= now:
                    since = max(since, _retry_at(failed))
                moments[data_set] = since
        return moments

    def due_since(
        self, data_set: DataSet, company: CompanySummary, published: Published
    ) -> datetime:
        """Return from when on a data set of a company is due; `NEVER` if it is missing."""
        requested = company.requested.get(data_set)
        if requested is None:
            return NEVER
        match data_set:
            case DataSet.PRICES:
                if requested >= published.prices:
                    return _ALWAYS
                # Not since the latest close, or what waits for its turn would never grow old.
                return min(published.prices, requested + _DAY)
            case DataSet.OVERVIEW:
                return requested + self.max_age.overview
            case DataSet.NEWS:
                return requested + self.max_age.news
            case DataSet.FINANCIALS:
                report = _published_on(published.reported.get(company.ticker))
                expected = requested + self.max_age.financials
                return expected if report is None or report <= requested else report

    def within(self, items: Sequence[WorkItem], budget: int | None) -> Plan:
        """Return the first items that the budget suffices for, and the rest.

        An item that does not fit ends the plan, so that a cheaper one behind it never overtakes it.
        """
        if budget is None:
            return Plan(items, ())
        for number, item in enumerate(items):
            if item.calls > budget:
                begun, rest = self._split(item, budget)
                return Plan([*items[:number], *begun], [*rest, *items[number + 1 :]])
            budget -= item.calls
        return Plan(items, ())

    def _split(self, item: WorkItem, budget: int) -> tuple[list[WorkItem], list[WorkItem]]:
        """Return the part of an item that the budget suffices for, if any, and the rest."""
        fitting: list[DataSet] = []
        for data_set in item.data_sets:
            if self.calls[data_set] <= budget:
                fitting.append(data_set)
                budget -= self.calls[data_set]
        if item.name is not None or item.is_unpublished or not fitting:
            return [], [item]
        rest = [data_set for data_set in item.data_sets if data_set not in fitting]
        return [self._with(item, fitting)], [self._with(item, rest)]

    def _item(self, first: _Due, tickers: Sequence[Ticker], now: datetime) -> WorkItem:
        return WorkItem(
            provider=self.provider,
            planned_at=now,
            due_since=_known(first.since),
            calls=self._calls(first.data_sets),
            tickers=tuple(tickers),
            data_sets=first.data_sets,
            is_unpublished=first.is_unpublished,
        )

    def _with(self, item: WorkItem, data_sets: Sequence[DataSet]) -> WorkItem:
        update = {"data_sets": tuple(data_sets), "calls": self._calls(data_sets)}
        return item.model_copy(update=update)

    def _calls(self, data_sets: Sequence[DataSet]) -> int:
        return sum(self.calls[data_set] for data_set in data_sets)


def _known(since: datetime) -> datetime | None:
    return None if since == NEVER else since


def _since(due: _Due | WorkItem) -> datetime:
    return (due.since if isinstance(due, _Due) else due.due_since) or NEVER


def _by_size(company: CompanySummary) -> tuple[bool, int]:
    return company.rank is None, company.rank or 0


def _retry_at(failed: Failures) -> datetime:
    """Return when the delay after a failure is over; it doubles with each one in a row."""
    doublings = min(failed.count - 1, 10)
    return failed.at + min(_FIRST_DELAY * (1 << doublings), _LONGEST_DELAY)


_ALWAYS: Final = datetime.max.replace(tzinfo=UTC)


def _published_on(day: date | None) -> datetime | None:
    """Return from when on a provider has a report: the day after the one on which it came."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time.min, UTC)
