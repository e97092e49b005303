"""What is due of one provider, and runs that ingest it as far as budget and time allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from ..domain.queues import reason_of
from ..errors import Signal9Error
from ..events import correlated
from ..ports import Clock, Progress, no_progress
from ..repositories.companies import AssetRepository, CompanySummary
from ..schemas.operations import DueAnswer, QuotaAnswer, RunAnswer
from .ingest_result import IngestResult
from .planner import Plan, Planner, Published
from .status import MeasureFreshness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from ..domain.companies import DataSet, FreshnessSummary, ListName
    from ..domain.model import Ticker
    from ..domain.work import ListState, WorkItem
    from ..provider_port import Provider
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .ingest import Ingest
    from .queued_work import Circuit

_REPORTING: Final = timedelta(days=100)
"""Announced days are looked up so far back: reports are due after as many days anyway."""


class Budget(Protocol):
    """The calls of a provider."""

    def left_today(self) -> int | None:
        """Return how many calls are left of the day; `None` for a budget by the minute."""

    def status(self) -> QuotaAnswer:
        """Return how much is left, and when it refills."""


class RunResult(NamedTuple):
    """What a run came to, what is left, when the budget refills, and suffices for all of it."""

    ingested: IngestResult
    left: int
    continues_at: datetime | None = None
    completes_at: datetime | None = None

    def to_answer(self, provider: Provider, seconds: float) -> RunAnswer:
        """Return the result as entry points show it."""
        answer = self.ingested.to_answer(provider, seconds).model_dump(by_alias=False)
        return RunAnswer(
            **answer, left=self.left, continues_at=self.continues_at, completes_at=self.completes_at
        )


@dataclass(frozen=True)
class Due:
    """What is due of one provider, by what was requested when.

    With a `max_age`, all data of a company is fresh for so long, and no longer. With `only` some
    companies, nothing is due of others.
    """

    provider: Provider
    planner: Planner
    assets: AssetRepository
    financials: FinancialsRepository
    state: StateRepository
    clock: Clock
    last_close: Callable[[datetime], datetime]
    max_age: timedelta | None = None
    only: Collection[Ticker] = ()
    grace: timedelta = timedelta(hours=26)

    def lists(self) -> list[WorkItem]:
        """Return the lists that are due."""
        return self.planner.lists(self.list_states(), self.clock())

    def list_states(self) -> dict[ListName, ListState]:
        """Return when the lists were last requested, or failed."""
        return self.state.lists(self.provider.name)

    def plan(
        self,
        budget: int | None = None,
        *,
        lists: bool = True,
        companies: Iterable[CompanySummary] | None = None,
    ) -> Plan:
        """Return what is due, with or without lists, as far as the budget of calls suffices.

        Nothing is due of companies that are not listed, or whose tickers may have other owners.
        `companies` saves reading them.
        """
        listed = list(self._listed(companies))
        if companies is None:
            self.note_freshness(listed)
        due_lists = self.lists() if lists else ()
        return self.planner.plan(listed, self._published, self.clock(), budget, due_lists)

    def _wanted(self) -> Collection[Ticker] | None:
        """Return the companies of which something may be due; `None` for all that are stored."""
        covered = self.provider.covered()
        if not self.only:
            return covered
        return [ticker for ticker in self.only if covered is None or ticker in covered]

    def answer(
        self, companies: Iterable[CompanySummary], budget: Budget | None
    ) -> DueAnswer | None:
        """Return how much is due of these companies; `None` of a provider without requests."""
        items = self.plan(companies=companies).now
        if not any(self.provider.calls.values()):
            return None
        return DueAnswer(
            left=_count(items),
            calls=sum(item.calls for item in items),
            completes_at=None if budget is None else _completes_at(items, budget.status()),
        )

    def _listed(self, companies: Iterable[CompanySummary] | None) -> Iterator[CompanySummary]:
        """Yield the companies of which something may be due."""
        wanted = self._wanted()
        for company in self.assets.summaries(wanted) if companies is None else companies:
            is_listed = company.status == "active" and not company.is_undecided
            if is_listed and (wanted is None or company.ticker in wanted):
                yield company

    def freshness(self, companies: Iterable[CompanySummary] | None = None) -> FreshnessSummary:
        """Return how many companies are fresh, late and failing; `companies` saves reading them."""
        measure = MeasureFreshness(self.planner, self.last_close, self.grace)
        before = self.state.freshness(self.provider.name)
        return measure(self._listed(companies), self._published, self.clock(), before)

    def note_freshness(self, companies: Iterable[CompanySummary] | None = None) -> None:
        """Store how many companies are fresh, late and failing now."""
        self.state.note_freshness(self.provider.name, self.freshness(companies))

    def data_sets(self, ticker: Ticker) -> tuple[DataSet, ...]:
        """Return which data sets of a company are due."""
        nothing = CompanySummary(ticker=ticker, status="active")
        company = next(self.assets.summaries([ticker]), nothing)
        if self.max_age is not None:
            return self.planner.older(company, self.clock() - self.max_age)
        return self.planner.due(company, self._published, self.clock())

    @cached_property
    def _published(self) -> Published:
        now = self.clock()
        reported = self.financials.announced((now - _REPORTING).date(), now.date())
        return Published(self.last_close(now), reported)


@dataclass(frozen=True)
class Run:
    """Ingest what is due, in the order of the plan. What is left, the next run begins with."""

    ingest: Ingest
    due: Due
    clock: Clock
    budget: Budget | None = None
    circuit: Circuit | None = None
    give_up: Callable[[WorkItem, Exception], None] | None = None

    def __call__(self, progress: Progress, until: datetime | None = None) -> RunResult:
        """Ingest what is due with the calls that are left today; begin nothing after `until`.

        Lists that were never requested come first: an empty stage learns of its companies from
        them.
        """
        result, budget = IngestResult(), self._left_today()
        plan = self.due.plan(budget)
        first = [item for item in plan.now if item.name is not None and item.due_since is None]
        done = self._work(first, result, until, progress)
        if first and done == len(first):
            if budget is not None:
                budget -= sum(item.calls for item in first)
            plan, done = self.due.plan(budget, lists=False), 0
        if not done:
            done = self._work(plan.now, result, until, progress)
        if done:
            self.due.note_freshness()
        left = [*plan.now[done:], *plan.later]
        if not left and not result.failed:
            self.due.state.note_finished_ingest(self.due.provider.name, self.clock())
        if self.budget is None or not (plan.later or result.out_of_calls):
            return RunResult(result, _count(left))
        quota = self.budget.status()
        return RunResult(result, _count(left), quota.refills_at, _completes_at(left, quota))

    def plan(self, beside: Sequence[WorkItem] = ()) -> Plan:
        """Return what is due, and for how much of it the calls that are left today suffice.

        What other processes have to do, `beside` this plan, is not in it, and needs calls, too.
        """
        budget = self._left_today()
        if not beside:
            return self.due.plan(budget)
        if budget is not None:
            budget = max(0, budget - sum(item.calls for item in beside))
        return self.due.planner.within(list(_without(self.due.plan().now, beside)), budget)

    def _left_today(self) -> int | None:
        return None if self.budget is None else self.budget.left_today()

    def work(self, item: WorkItem) -> IngestResult:
        """Do one item of a plan; what of it was requested since it was planned is left out.

        If a batch of companies fails as nobody expects, each is tried alone.
        """
        try:
            with correlated(item.run_id):
                result = self._ingest(item)
        except Exception as error:  # each company alone shows which one it is about
            if len(item.tickers) <= 1 or _may_pass(error):
                raise
            result = IngestResult()
            for ticker in item.tickers:
                result.add(self._try(item.model_copy(update={"tickers": (ticker,)})))
        if self.circuit is not None:
            self.circuit.note(result)
        return result

    def _ingest(self, item: WorkItem) -> IngestResult:
        if item.name is not None:
            state = self.due.list_states().get(item.name)
            if state is not None and state.is_done_since(item.planned_at):
                return IngestResult()
            return self.ingest.update_list(item.name, no_progress)
        return self.ingest.companies(item.tickers, item.data_sets, item.planned_at)

    def _try(self, item: WorkItem) -> IngestResult:
        """Do an item; an error that nobody expects ends only this one, and becomes a dead letter.

        What may pass, such as a store that is down, stops the run.
        """
        try:
            return self.work(item)
        except Exception as error:  # a dead letter, so that other items go on
            if self.give_up is None or _may_pass(error):
                raise
            self.give_up(item, error)
            result = IngestResult()
            data_set: str = item.name or next((str(name) for name in item.data_sets), "all")
            reason = Signal9Error(reason_of(error))
            result.fail(reason, data_set, item.tickers[0] if item.tickers else None)
            return result

    def _work(
        self,
        items: Sequence[WorkItem],
        result: IngestResult,
        until: datetime | None,
        progress: Progress,
    ) -> int:
        """Do what can be done, and return how many items that were."""
        for done, item in enumerate(items):
            if (
                result.out_of_calls
                or result.is_down
                or (until is not None and self.clock() >= until)
            ):
                return done
            if self.circuit is not None and not self.circuit.admits():
                return done
            result.add(self._try(item))
            progress("due", done + 1, len(items))
        return len(items)


def _count(items: Iterable[WorkItem]) -> int:
    """Return how many lists and companies items are about."""
    return sum(len(item.tickers) or 1 for item in items)


def _completes_at(items: Iterable[WorkItem], quota: QuotaAnswer) -> datetime | None:
    """Return when there will have been calls for these items; `None` if there are enough now."""
    waiting = sum(item.calls for item in items) - quota.left
    if waiting <= 0:
        return None
    period = timedelta(days=1) if quota.period == "day" else timedelta(minutes=1)
    return quota.refills_at + period * ((waiting - 1) // quota.limit)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, Signal9Error) and error.transient


def _without(items: Iterable[WorkItem], beside: Iterable[WorkItem]) -> Iterator[WorkItem]:
    """Yield items without lists, and companies of which data sets, that are in others."""
    taken = {
        part
        for item in beside
        for ticker in item.tickers or (None,)
        for part in _parts(item, ticker)
    }
    for item in items:
        rest = tuple(name for name in item.tickers if taken.isdisjoint(_parts(item, name)))
        if rest or (item.name is not None and taken.isdisjoint(_parts(item))):
            yield item.model_copy(update={"tickers": rest})


def _parts(item: WorkItem, ticker: Ticker | None = None) -> list[tuple[str | None, DataSet | None]]:
    """Return what an item consists of: a list, or data sets of a company."""
    return [(item.name or ticker, data_set) for data_set in item.data_sets or (None,)]
