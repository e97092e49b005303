"""What is due of one provider, and runs that ingest it as far as budget and time allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from ..repositories.companies import CompanySummary
from ..schemas.operations import RunAnswer
from .ingest_result import IngestResult
from .planner import Published

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ..domain.companies import DataSet, ListName
    from ..domain.model import Ticker
    from ..domain.work import WorkItem
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from ..schemas.operations import QuotaAnswer
    from .ingest import Ingest
    from .planner import Plan, Planner

__all__ = ["Budget", "Due", "Run", "RunResult"]

_REPORTING: Final = timedelta(days=100)
"""Announced days are looked up so far back: reports are due after as many days anyway."""


class Budget(Protocol):
    """The calls of a provider."""

    def left_today(self) -> int | None:
        """Return how many calls are left of the day; `None` for a budget by the minute."""

    def status(self) -> QuotaAnswer:
        """Return how much is left, and when it refills."""


class RunResult(NamedTuple):
    """What a run came to, how many work items are left, and when the budget refills for them."""

    ingested: IngestResult
    left: int
    continues_at: datetime | None

    def to_answer(self, provider: Provider, seconds: float) -> RunAnswer:
        """Return the result as entry points show it."""
        answer = self.ingested.to_answer(provider, seconds).model_dump(by_alias=False)
        return RunAnswer(**answer, left=self.left, continues_at=self.continues_at)


@dataclass(frozen=True)
class Due:
    """What is due of one provider, by what was requested when."""

    provider: Provider
    planner: Planner
    assets: AssetRepository
    financials: FinancialsRepository
    state: StateRepository
    clock: Clock
    last_close: Callable[[datetime], datetime]

    def lists(self) -> list[WorkItem]:
        """Return the lists that are due."""
        return self.planner.lists(self.requested_lists(), self.clock())

    def requested_lists(self) -> dict[ListName, datetime]:
        """Return when the lists were last requested."""
        return self.state.requested_lists(self.provider.name)

    def plan(self, budget: int | None = None, *, lists: bool = True) -> Plan:
        """Return what is due, with or without lists, as far as the budget of calls suffices.

        Nothing is due of companies that are not listed, or whose tickers may have other owners.
        """
        companies = [
            company
            for company in self.assets.summaries(self.provider.covered())
            if company.status == "active" and not company.is_undecided
        ]
        due_lists = self.lists() if lists else ()
        return self.planner.plan(companies, self._published, self.clock(), budget, due_lists)

    def data_sets(self, ticker: Ticker) -> tuple[DataSet, ...]:
        """Return which data sets of a company are due."""
        nothing = CompanySummary(ticker=ticker, status="active")
        company = next(self.assets.summaries([ticker]), nothing)
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
        left = len(plan.now) - done + len(plan.later)
        if self.budget is None or not (plan.later or result.out_of_calls):
            return RunResult(result, left, None)
        return RunResult(result, left, self.budget.status().refills_at)

    def plan(self) -> Plan:
        """Return what is due, and for how much of it the calls that are left today suffice."""
        return self.due.plan(self._left_today())

    def _left_today(self) -> int | None:
        return None if self.budget is None else self.budget.left_today()

    def work(self, item: WorkItem) -> IngestResult:
        """Do one item of a plan; what of it was requested since it was planned is left out."""
        if item.name is not None:
            requested = self.due.requested_lists().get(item.name)
            if requested is not None and requested >= item.planned_at:
                return IngestResult()
            return self.ingest.update_list(item.name, _ignore)
        result = IngestResult()
        for ticker in item.tickers:
            result.add(self.ingest.try_company(ticker, item.data_sets, since=item.planned_at))
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
            if result.out_of_calls or (until is not None and self.clock() >= until):
                return done
            result.add(self.work(item))
            progress("due", done + 1, len(items))
        return len(items)


def _ignore(data_set: str, done: int, total: int) -> None:
    """Ignore the progress of one list."""
