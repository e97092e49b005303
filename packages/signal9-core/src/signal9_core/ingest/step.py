"""What one data set of one company came to."""

from dataclasses import dataclass
from datetime import date

from ..domain import DataSet, Ticker
from .outcome import Outcome

__all__ = ["Step", "subject_of"]


@dataclass(frozen=True)
class Step:
    """How much is stored and was changed, and until when it reaches; nothing without `as_of`.

    `actions` is the same of splits and dividends, which come with prices; `None` where none do.
    """

    stored: int = 0
    changed: int = 0
    as_of: date | None = None
    complete: bool = True
    actions: tuple[int, int] | None = None

    def count_in(self, outcome: Outcome, data_set: DataSet) -> None:
        """Count what it came to."""
        outcome.count(data_set, self.stored, self.changed)
        if self.actions is not None:
            outcome.count("actions", *self.actions)


def subject_of(ticker: Ticker, data_set: DataSet) -> str:
    """Return under what events about a data set of a company are kept in the outbox."""
    return f"{ticker}/{data_set}"
