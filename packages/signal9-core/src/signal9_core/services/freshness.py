"""Measures companies by what is promised: how old each data set may become."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet
from ..domain.freshness import DataSetFreshness, FreshnessSummary
from .planner import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ..domain.model import Ticker
    from ..repositories.companies import CompanySummary
    from .planner import MaxAge, Planner, Published

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
