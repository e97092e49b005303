"""What an ingest did."""

from collections import Counter
from dataclasses import dataclass, field

from ..domain import Ticker

__all__ = ["Failure", "Outcome"]


@dataclass(frozen=True)
class Failure:
    """A data set that could not be ingested; `transient` tells whether trying again can help."""

    ticker: Ticker | None
    data_set: str
    reason: str
    transient: bool


@dataclass
class Outcome:
    """Counts by data set, of what is stored now and of what was new or changed; and what failed."""

    stored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    failed: list[Failure] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count another outcome in."""
        self.stored.update(other.stored)
        self.changed.update(other.changed)
        self.failed.extend(other.failed)
