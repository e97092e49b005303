"""Quotas as a provider keeps them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Limit"]


@dataclass
class Limit:
    """So many calls in each window; `window` names the one that an instant is in."""

    calls: int
    window: Callable[[datetime], object]
    _window: object = field(default=None, init=False)
    _used: int = field(default=0, init=False)

    def take(self, now: datetime) -> bool:
        """Count a call, and tell whether it is within the limit."""
        window = self.window(now)
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        return self._used <= self.calls

    @property
    def left(self) -> int:
        return max(0, self.calls - self._used)
