"""What an ingest did."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from ..domain import DataSet, Ticker
from ..errors import ProviderError, QuotaExhaustedError

__all__ = ["Failure", "Ingested", "Outcome"]

Ingested: TypeAlias = DataSet | Literal["listing", "calendar"]
"""What can be ingested: a data set of a company, or what is of all companies."""


@dataclass(frozen=True)
class Failure:
    """A data set that could not be ingested; `transient` tells whether trying again can help.

    `asked` is false where the budget of calls was used up before the provider heard of it.
    """

    ticker: Ticker | None
    data_set: Ingested
    reason: str
    transient: bool
    asked: bool = True

    @classmethod
    def of(cls, error: ProviderError, data_set: Ingested, ticker: str | None = None) -> Self:
        """Return what an error came to."""
        asked = not isinstance(error, QuotaExhaustedError)
        return cls(ticker, data_set, str(error), error.transient, asked)


@dataclass
class Outcome:
    """Counts by data set, of what is stored now and of what was new or changed; and what failed."""

    stored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    failed: list[Failure] = field(default_factory=list)

    def count(self, data_set: str, stored: int, changed: int) -> None:
        """Count in what one data set came to."""
        self.stored[data_set] += stored
        self.changed[data_set] += changed

    @property
    def out_of_calls(self) -> bool:
        """Whether something is left for later, since the budget of calls is used up."""
        return not all(each.asked for each in self.failed)

    def add(self, other: "Outcome") -> None:
        """Count another outcome in."""
        self.stored.update(other.stored)
        self.changed.update(other.changed)
        self.failed.extend(other.failed)
