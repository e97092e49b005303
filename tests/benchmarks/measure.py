"""What a benchmark reports."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Measure"]


@dataclass(frozen=True)
class Measure:
    """One measured value beside its goal and, where there is one, the nearest peer.

    `ratio` says how many times better than the peer it is: below 1 the peer wins.
    """

    name: str
    value: float
    unit: str
    goal: float
    better: Literal["lower", "higher"]
    peer: str | None = None
    ratio: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal
