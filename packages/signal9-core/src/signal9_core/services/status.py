"""What is stored, whether it is as fresh as promised, and what keeps a stage from working."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet, DataSetFreshness, Freshness, FreshnessSummary
from ..domain.coverage import NEVER
from ..errors import StoreError
from ..schemas.operations import (
    CompanyProblem,
    DataSetStatus,
    DueAnswer,
    PromiseAnswer,
    QuotaAnswer,
    StatusAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..domain.model import Ticker
    from ..ports import Clock
    from ..repositories.companies import CompanySummary
    from ..repositories.state import StateRepository
    from .planner import MaxAge, Planner, Published

NO_KEY: Final = "Nothing is refreshed: the data provider is not set up; its key may be missing."
NO_DATA: Final = "The stored data cannot be read at the moment."
NO_PLAN: Final = "Nothing has been refreshed yet."

_MINUTE: Final = "%Y-%m-%d %H:%M UTC"

_PROBLEMS_AGE_S: Final = 10.0


class ListProblems:
    """What is known to be wrong, read at most once in ten seconds.

    Everybody may read it in the health check, so it names no secret, table or error.
    """

    def __init__(
        self,
        state: Callable[[], StateRepository],
        elapsed_s: Callable[[], float] = monotonic,
        *,
        provider: str,
        clock: Clock,
        grace: timedelta,
        is_planned: bool = False,
    ) -> None:
        self._state = state
        self._provider = provider
        self._clock = clock
        self._grace = grace
        self._elapsed_s = elapsed_s
        self._is_planned = is_planned
        self._latest: tuple[float, Sequence[str], FreshnessSummary | None] | None = None

    def __call__(self) -> Sequence[str]:
        """Return a sentence for each problem."""
        return self._read()[0]

    @property
    def freshness(self) -> FreshnessSummary | None:
        """How fresh the companies were at the latest plan; `None` if that cannot be read."""
        return self._read()[1]

    def _read(self) -> tuple[Sequence[str], FreshnessSummary | None]:
        now = self._elapsed_s()
        if self._latest is None or now - self._latest[0] >= _PROBLEMS_AGE_S:
            try:
                state = self._state()
                summary = state.freshness(self._provider)
                blocked = state.refresh_blocked_since() is not None
                self._latest = now, [NO_KEY] if blocked else self._broken(summary), summary
            except StoreError:
                self._latest = now, [NO_DATA], None
        return self._latest[1:]

    def _broken(self, summary: FreshnessSummary | None) -> list[str]:
        """Return what is older than promised; only a stage with a schedule must have a plan."""
        if summary is None:
            return [NO_PLAN] if self._is_planned else []
        now = self._clock()
        problems = [
            _describe(data_set, state)
            for data_set, state in summary.broken(now, self._grace).items()
        ]
        if summary.at <= now - self._grace:
            problems.insert(0, f"Nothing has been refreshed since {summary.at:{_MINUTE}}.")
        return problems


def _describe(data_set: DataSet, state: DataSetFreshness) -> str:
    since = "" if state.late_since is None else f" since {state.late_since:{_MINUTE}}"
    if not state.received:
        return f"No {data_set} have been received{since}."
    return (
        f"The {data_set} of {state.late + state.failing:,} of {state.received:,} companies are "
        f"older than promised, {state.failing:,} of them failing; the oldest are late{since}."
    )


def get_status(
    companies: Sequence[CompanySummary],
    state: StateRepository,
    quotas: Sequence[QuotaAnswer],
    summary: FreshnessSummary | None,
    promises: Mapping[DataSet, str],
    *,
    stage: str,
    store: str,
    location: str,
    provider: str,
    notice: str | None,
    due: DueAnswer | None,
) -> StatusAnswer:
    """Return how much is stored, how fresh it is and what is wrong."""
    data_sets: dict[DataSet, list[Freshness]] = defaultdict(list)
    for company in companies:
        for data_set, freshness in company.freshness.items():
            data_sets[data_set].append(freshness)
    return StatusAnswer(
        stage=stage,
        store=store,
        location=location,
        provider=provider,
        notice=notice,
        assets=sum(company.status == "active" for company in companies),
        ingested_at=state.finished_ingest(provider),
        data_sets={data_set: _data_set_status(data_sets[data_set]) for data_set in DataSet},
        quotas=quotas,
        due=due,
        problems=[
            CompanyProblem(ticker=company.ticker, **problem.model_dump(by_alias=False))
            for company in sorted(companies, key=attrgetter("ticker"))
            for problem in company.problems
        ],
        promises={
            data_set: PromiseAnswer(promise=promises[data_set], **known.model_dump(by_alias=False))
            for data_set, known in ({} if summary is None else summary.data_sets).items()
        },
    )


def _data_set_status(entries: list[Freshness]) -> DataSetStatus:
    days = [freshness.as_of for freshness in entries]
    return DataSetStatus(
        companies=len(entries),
        count=sum(freshness.count for freshness in entries),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        sources=sorted({freshness.source for freshness in entries}),
        incomplete=sum(not freshness.complete for freshness in entries),
    )


_CLOSES: Final = 10
"""Prices that have missed more closes than that are late since the first of these."""

_MOMENT: Final = timedelta(seconds=1)


def describe_promises(max_age: MaxAge) -> dict[DataSet, str]:
    """Return how old each data set may become before it is requested again."""
    hours = max_age.news // timedelta(hours=1)
    return {
        DataSet.OVERVIEW: f"{max_age.overview.days} days",
        DataSet.PRICES: "until the next close",
        DataSet.FINANCIALS: f"{max_age.financials.days} days, or until the next report",
        DataSet.NEWS: f"{hours} hour{'s' if hours > 1 else ''}",
    }


@dataclass
class _Counts:
    fresh: int = 0
    late: int = 0
    failing: int = 0
    missing: int = 0
    oldest: tuple[datetime, Ticker] | None = None

    def summary(self, before: DataSetFreshness | None, now: datetime) -> DataSetFreshness:
        """Return the counts; nothing at all counts from when that was first so."""
        since, stalest = (None, None) if self.oldest is None else self.oldest
        if self.missing and not (self.fresh or self.late or self.failing):
            is_known = before is not None and not before.received
            since = (before.late_since if before and is_known else None) or now
        return DataSetFreshness(
            fresh=self.fresh,
            late=self.late,
            failing=self.failing,
            missing=self.missing,
            late_since=since,
            stalest=stalest,
        )


@dataclass(frozen=True)
class MeasureFreshness:
    """Counts companies by data set: fresh, late, failing, missing.

    What is due is late after `grace`; what fails, fails, and is not late as well. A provider
    without requests, such as a bundled sample, promises nothing.
    """

    planner: Planner
    last_close: Callable[[datetime], datetime]
    grace: timedelta = field(default=timedelta(hours=26))

    def __call__(
        self,
        companies: Iterable[CompanySummary],
        published: Published,
        now: datetime,
        before: FreshnessSummary | None = None,
    ) -> FreshnessSummary:
        """Return the summary of companies; `before` is the previous one."""
        calls = self.planner.calls if any(self.planner.calls.values()) else {}
        counts = {data_set: _Counts() for data_set in DataSet if data_set in calls}
        closes, total = self._closes(published), 0
        for company in companies:
            total += 1
            for data_set, count in counts.items():
                since = self._due_since(data_set, company, published, closes)
                self._count(count, company, data_set in company.failures, since, now)
        known = {} if before is None else before.data_sets
        return FreshnessSummary(
            at=now,
            companies=total,
            data_sets={name: each.summary(known.get(name), now) for name, each in counts.items()},
        )

    def _count(
        self,
        count: _Counts,
        company: CompanySummary,
        fails: bool,  # noqa: FBT001
        since: datetime,
        now: datetime,
    ) -> None:
        if fails:
            count.failing += 1
        elif since == NEVER:
            count.missing += 1
        elif since > now - self.grace:
            count.fresh += 1
        else:
            count.late += 1
            oldest = since, company.ticker
            count.oldest = oldest if count.oldest is None else min(count.oldest, oldest)

    def _closes(self, published: Published) -> list[datetime]:
        """Return the latest closes, newest first."""
        closes = [published.prices]
        while len(closes) < _CLOSES:
            closes.append(self.last_close(closes[-1] - _MOMENT))
        return closes

    def _due_since(
        self,
        data_set: DataSet,
        company: CompanySummary,
        published: Published,
        closes: list[datetime],
    ) -> datetime:
        requested = company.requested.get(data_set)
        if data_set is not DataSet.PRICES or requested is None:
            return self.planner.due_since(data_set, company, published)
        missed = [close for close in closes if close > requested]
        return missed[-1] if missed else published.prices + timedelta(days=36_500)
