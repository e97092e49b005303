"""What is stored, how fresh it is, and what keeps a stage from working as it should."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet
from ..errors import StoreError
from ..schemas.operations import CompanyProblem, DataSetStatus, StatusAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..domain.companies import Freshness
    from ..repositories.companies import AssetRepository, CompanySummary
    from ..repositories.state import StateRepository
    from ..schemas.operations import DueAnswer, QuotaAnswer

__all__ = ["NO_DATA", "NO_KEY", "ListProblems", "get_status"]

NO_KEY: Final = "Nothing is refreshed: the data provider is not set up; its key may be missing."
NO_DATA: Final = "The stored data cannot be read at the moment."

_PROBLEMS_AGE_S: Final = 10.0


class ListProblems:
    """What is known to be wrong, read at most once in ten seconds.

    Everybody may read it in the health check, so it names no secret, table or error.
    """

    def __init__(
        self, state: Callable[[], StateRepository], elapsed_s: Callable[[], float] = monotonic
    ) -> None:
        self._state = state
        self._elapsed_s = elapsed_s
        self._latest: tuple[float, Sequence[str]] | None = None

    def __call__(self) -> Sequence[str]:
        """Return a sentence for each problem."""
        now = self._elapsed_s()
        if self._latest is None or now - self._latest[0] >= _PROBLEMS_AGE_S:
            self._latest = now, self._read()
        return self._latest[1]

    def _read(self) -> Sequence[str]:
        try:
            return [] if self._state().refresh_blocked_since() is None else [NO_KEY]
        except StoreError:
            return [NO_DATA]


def get_status(
    assets: AssetRepository,
    state: StateRepository,
    quotas: Sequence[QuotaAnswer],
    *,
    stage: str,
    store: str,
    location: str,
    provider: str,
    notice: str | None,
    due: Callable[[Sequence[CompanySummary]], DueAnswer | None],
) -> StatusAnswer:
    """Return how much is stored, how fresh it is and what is wrong; reads every company once."""
    companies = list(assets.summaries())
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
        due=due(companies),
        problems=[
            CompanyProblem(ticker=company.ticker, **problem.model_dump(by_alias=False))
            for company in sorted(companies, key=attrgetter("ticker"))
            for problem in company.problems
        ],
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
