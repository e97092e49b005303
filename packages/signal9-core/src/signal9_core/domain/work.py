"""Work on providers: what is requested next, as one process may hand it to another."""

from datetime import datetime

from pydantic import Field, NonNegativeInt

from .companies import DataSet, Failures, ListName
from .model import Instant, Model, Ticker


class ListState(Model):
    """When a list of a provider was last requested, and how its latest requests have failed."""

    requested_at: Instant | None = None
    failures: Failures | None = None

    def is_done_since(self, at: datetime) -> bool:
        """Return whether it was requested, successfully or not, at or after a moment."""
        failed_at = None if self.failures is None else self.failures.at
        return any(done is not None and done >= at for done in (self.requested_at, failed_at))


def run_id(kind: str, at: datetime) -> str:
    """Return the id of a run of one kind, or of one provider, that began at this moment."""
    return f"{kind}-{at:%Y%m%dT%H%M%S.%fZ}"


class Probe(Model):
    """A message that a worker only notes, which shows that work reaches it and is done."""

    probe: str = Field(pattern="^[0-9a-f]{32}$")


class WorkItem(Model):
    """What to request of a provider: a list, or data sets of companies.

    Companies of an unpublished item have events of a run that was stopped, which this one
    completes; it may have no data set then.
    """

    provider: str
    planned_at: Instant = Field(description="What was requested since then is done.")
    due_since: Instant | None = Field(description="Null if it was never requested.")
    calls: NonNegativeInt = Field(description="How many requests it takes.")
    name: ListName | None = None
    tickers: tuple[Ticker, ...] = ()
    data_sets: tuple[DataSet, ...] = ()
    is_unpublished: bool = False

    @property
    def run_id(self) -> str:
        """The id of the plan that it is in."""
        return run_id(self.provider, self.planned_at)
