"""What is stored, how fresh it is, and what keeps a stage from working as it should."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet
from ..errors import StoreError
from ..schemas.operations import CompanyProblem, DataSetStatus, PromiseAnswer, StatusAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from ..domain.companies import Freshness
    from ..domain.freshness import DataSetFreshness, FreshnessSummary
    from ..ports import Clock
    from ..repositories.companies import CompanySummary
    from ..repositories.state import StateRepository
    from ..schemas.operations import DueAnswer, QuotaAnswer

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
