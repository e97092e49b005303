"""How many companies are as fresh as promised, and since when others are not."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field, NonNegativeInt

from .companies import DataSet
from .model import Instant, Model, Ticker

_TOLERATED: Final = 10
"""One in so many companies may be late or fail."""


class DataSetFreshness(Model):
    """How many companies have a data set that is as fresh as promised."""

    fresh: NonNegativeInt = 0
    late: NonNegativeInt = Field(0, description="Companies for which it is overdue.")
    failing: NonNegativeInt = Field(0, description="Companies whose latest requests have failed.")
    missing: NonNegativeInt = Field(0, description="Companies for which it was never requested.")
    late_since: Instant | None = Field(
        None, description="Since when the latest is overdue; if nothing was received, since when."
    )
    stalest: Ticker | None = Field(None, description="The company for which it is overdue longest.")

    @property
    def received(self) -> int:
        """For how many companies it was ever requested."""
        return self.fresh + self.late + self.failing

    def is_broken(self, now: datetime, grace: timedelta) -> bool:
        """Whether the promise is broken: for over a tenth of companies, or by having nothing."""
        if not self.received:
            return self.late_since is not None and self.late_since <= now - grace
        return (self.late + self.failing) * _TOLERATED > self.received


class FreshnessSummary(Model):
    """The freshness of all listed companies at a moment."""

    at: Instant
    companies: NonNegativeInt
    data_sets: dict[DataSet, DataSetFreshness] = Field(default_factory=dict)

    def broken(self, now: datetime, grace: timedelta) -> dict[DataSet, DataSetFreshness]:
        """Return the data sets whose promises are broken."""
        return {
            name: state for name, state in self.data_sets.items() if state.is_broken(now, grace)
        }
