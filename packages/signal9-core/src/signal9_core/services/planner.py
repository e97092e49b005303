"""What to request of a provider next: a plan that follows from what was requested when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from ..domain.companies import DataSet, ListName
from ..domain.work import WorkItem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from ..domain.companies import Failures
    from ..domain.model import Ticker
    from ..repositories.companies import CompanySummary

__all__ = ["NEVER", "MaxAge", "Plan", "Planner", "Published"]

NEVER: Final = datetime.min.replace(tzinfo=UTC)
"""When something was requested that never was; since then it is due."""


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


@dataclass(frozen=True)
class Planner:
    """Plans what is due of one provider: what is missing first, then what is oldest.

    `calls` says how many calls a list or a data set takes; the provider has nothing else. What is
    overdue for longer than `patience` takes turns with what is missing, so that neither has to wait
    for the end of the other.
    """

    provider: str
    calls: Mapping[DataSet | ListName, int]
    max_age: MaxAge = field(default_factory=MaxAge)
    patience: timedelta = timedelta(days=7)

    def lists(self, requested: Mapping[ListName, datetime], now: datetime) -> list[WorkItem]:
        """Return the lists that are due; `requested` says when they were last requested."""
        names: tuple[ListName, ...] = get_args(ListName)
        moments = {
            name: requested[name] + self.max_age.lists if name in requested else NEVER
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

    def plan(
        self,
        companies: Collection[CompanySummary],
        published: Published,
        now: datetime,
        budget: int | None = None,
        lists: Sequence[WorkItem] = (),
    ) -> Plan:
        """Return what is due of companies and `lists`; without a budget, nothing is for later.

        What has failed waits for longer and longer until it is requested again.
        """
        unpublished: list[WorkItem] = []
        missing = [item for item in lists if item.due_since is None]
        stale = [item for item in lists if item.due_since is not None]
        for company in sorted(companies, key=_by_size):
            due = {
                data_set: since
                for data_set, since in self._due(company, published, now).items()
                if _may_retry(company.failures.get(data_set), now)
            }
            absent = [name for name, since in due.items() if since == NEVER]
            old = [name for name, since in due.items() if since > NEVER]
            if company.pending:
                item = self._item(company.ticker, NEVER, list(due), now)
                unpublished.append(item.model_copy(update={"is_unpublished": True}))
                continue
            if absent:
                missing.append(self._item(company.ticker, NEVER, absent, now))
            if old:
                since = min(due[name] for name in old)
                stale.append(self._item(company.ticker, since, old, now))
        stale.sort(key=_since)
        overdue = [item for item in stale if _since(item) < now - self.patience]
        turns = [item for pair in zip_longest(missing, overdue) for item in pair if item]
        items = [*unpublished, *turns, *stale[len(overdue) :]]
        return self.within(items, budget)

    def due(
        self, company: CompanySummary, published: Published, now: datetime
    ) -> tuple[DataSet, ...]:
        """Return the data sets of a company that are missing, or not fresh any more."""
        return tuple(self._due(company, published, now))

    def _due(
        self, company: CompanySummary, published: Published, now: datetime
    ) -> dict[DataSet, datetime]:
        """Return since when the data sets of a company are due, without those that are not."""
        moments = {
            data_set: self._due_since(data_set, company, published)
            for data_set in DataSet
            if data_set in self.calls
        }
        return {data_set: since for data_set, since in moments.items() if since <= now}

    def _due_since(
        self, data_set: DataSet, company: CompanySummary, published: Published
    ) -> datetime:
        requested = company.requested.get(data_set)
        if requested is None:
            return NEVER
        match data_set:
            case DataSet.PRICES:
                return published.prices if requested < published.prices else _ALWAYS
            case DataSet.OVERVIEW:
                return requested + self.max_age.overview
            case DataSet.NEWS:
                return requested + self.max_age.news
            case DataSet.FINANCIALS:
                report = _published_on(published.reported.get(company.ticker))
                if report is not None and requested < report:
                    return report
                return requested + self.max_age.financials

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

    def _item(
        self, ticker: Ticker, since: datetime, data_sets: Sequence[DataSet], now: datetime
    ) -> WorkItem:
        return WorkItem(
            provider=self.provider,
            planned_at=now,
            due_since=_known(since),
            calls=self._calls(data_sets),
            tickers=(ticker,),
            data_sets=tuple(data_sets),
        )

    def _with(self, item: WorkItem, data_sets: Sequence[DataSet]) -> WorkItem:
        update = {"data_sets": tuple(data_sets), "calls": self._calls(data_sets)}
        return item.model_copy(update=update)

    def _calls(self, data_sets: Sequence[DataSet]) -> int:
        return sum(self.calls[data_set] for data_set in data_sets)


def _known(since: datetime) -> datetime | None:
    return None if since == NEVER else since


def _since(item: WorkItem) -> datetime:
    return item.due_since or NEVER


def _by_size(company: CompanySummary) -> tuple[bool, int]:
    return company.rank is None, company.rank or 0


def _may_retry(failed: Failures | None, now: datetime) -> bool:
    """Return whether the delay after a failure is over; it doubles with each one in a row."""
    if failed is None:
        return True
    doublings = min(failed.count - 1, 10)
    return failed.at + min(_FIRST_DELAY * (1 << doublings), _LONGEST_DELAY) <= now


_ALWAYS: Final = datetime.max.replace(tzinfo=UTC)


def _published_on(day: date | None) -> datetime | None:
    """Return from when on a provider has a report: the day after the one on which it came."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time.min, UTC)
