"""Work on providers: what is requested next, as one process may hand it to another."""

from pydantic import Field, NonNegativeInt

from .companies import DataSet, ListName
from .model import Instant, Model, Ticker

__all__ = ["WorkItem"]


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
