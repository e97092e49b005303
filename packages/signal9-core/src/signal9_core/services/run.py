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
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from ..schemas.operations import QuotaAnswer
    from .ingest import Ingest
    from .planner import Plan, Planner, WorkItem

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
        return self.planner.lists(self.state.requested_lists(self.provider.name), self.clock())

    def companies(self, budget: int | None = None) -> Plan:
        """Return what is due of all companies, as far as the budget of calls suffices.

        Nothing is due of those that are not listed, or whose tickers may have other owners.
        """
        companies = [
            company
            for company in self.assets.summaries(self.provider.covered())
            if company.status == "active" and not company.is_undecided
        ]
        return self.planner.plan(companies, self._published, self.clock(), budget)

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

        The lists come first: an empty stage learns of its companies from them.
        """
        result = IngestResult()
        budget = None if self.budget is None else self.budget.left_today()
        lists = self.due.planner.within(self.due.lists(), budget)
        left = self._work(lists.now, result, until, progress) + len(lists.later)
        if budget is not None:
            budget -= sum(item.calls for item in lists.now)
        plan = self.due.companies(budget)
        left += self._work(plan.now, result, until, progress) + len(plan.later)
        refills_at = None if self.budget is None else self.budget.status().refills_at
        return RunResult(result, left, refills_at if left else None)

    def _work(
        self,
        items: Sequence[WorkItem],
        result: IngestResult,
        until: datetime | None,
        progress: Progress,
    ) -> int:
        """Do what can be done, and return how many items are left."""
        for done, item in enumerate(items):
            if result.out_of_calls or (until is not None and self.clock() >= until):
                return len(items) - done
            result.add(self._ingest(item))
            progress("due", done + 1, len(items))
        return 0

    def _ingest(self, item: WorkItem) -> IngestResult:
        if item.ticker is not None:
            return self.ingest.try_company(item.ticker, item.data_sets)
        name: ListName = "listing" if item.name == "listing" else "calendar"
        return self.ingest.update_list(name, _ignore)


def _ignore(data_set: str, done: int, total: int) -> None:
    """Ignore the progress of one list."""
