"""What is due of one provider, and runs that ingest it as far as budget and time allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.companies import CompanyState
from ..schemas.operations import RunAnswer
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from ..domain.companies import DataSet
    from ..domain.model import Ticker
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .ingest import Ingest
    from .planner import Plan, Planner, WorkItem

__all__ = ["Due", "Run", "RunResult"]

_REPORTING: Final = timedelta(days=100)
"""Announced days are looked up so far back: reports are due after as many days anyway."""


class RunResult(NamedTuple):
    """What a run came to, and how many work items are left."""

    ingested: IngestResult
    left: int

    def to_answer(
        self, provider: Provider, seconds: float, refills_at: datetime | None
    ) -> RunAnswer:
        """Return the result as entry points show it."""
        answer = self.ingested.to_answer(provider, seconds).model_dump(by_alias=False)
        continues_at = refills_at if self.left else None
        return RunAnswer(**answer, left=self.left, continues_at=continues_at)


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
        """Return what is due of all companies, as far as the budget of calls suffices."""
        now = self.clock()
        reported = self._reported(now)
        companies = [
            state._replace(reported_on=reported.get(state.ticker))
            for state in self.assets.states(self.provider.covered())
        ]
        return self.planner.plan(companies, now, self.last_close(now), budget)

    def data_sets(self, ticker: Ticker) -> tuple[DataSet, ...]:
        """Return which data sets of a company are due."""
        now = self.clock()
        requested = self.assets.read(ticker)[0].requested
        company = CompanyState(ticker, requested, reported_on=self._reported(now).get(ticker))
        return self.planner.due(company, now, self.last_close(now))

    def _reported(self, now: datetime) -> dict[Ticker, date]:
        return self.financials.announced((now - _REPORTING).date(), now.date())


@dataclass(frozen=True)
class Run:
    """Ingest what is due, in the order of the plan. What is left, the next run begins with."""

    ingest: Ingest
    due: Due
    clock: Clock

    def __call__(
        self, progress: Progress, budget: int | None = None, until: datetime | None = None
    ) -> RunResult:
        """Ingest what is due with at most `budget` calls; begin nothing after `until`.

        The lists come first: an empty stage learns of its companies from them.
        """
        result = IngestResult()
        lists = self.due.planner.within(self.due.lists(), budget)
        left = self._work(lists.now, result, until, progress) + len(lists.later)
        if budget is not None:
            budget -= sum(item.calls for item in lists.now)
        plan = self.due.companies(budget)
        left += self._work(plan.now, result, until, progress) + len(plan.later)
        return RunResult(result, left)

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
            return self.ingest.company(item.ticker, item.data_sets)
        ingest_list = self.ingest.listing if item.name == "listing" else self.ingest.calendar
        return ingest_list(_ignore)


def _ignore(data_set: str, done: int, total: int) -> None:
    """Ignore the progress of one list."""
