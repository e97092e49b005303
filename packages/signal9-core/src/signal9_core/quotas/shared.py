"""A budget that all processes share: nobody calls who has not reserved."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from ..errors import QuotaExhaustedError
from ..ports import Clock
from ..repositories import QuotaRepository
from .plans import Plan, Window

__all__ = ["Level", "SharedQuota"]

_LEASE: Final = 10
_SHARE: Final = 8
"""Of what is left, nobody takes more than this part at once, so that others get some, too."""


@dataclass(frozen=True, slots=True)
class Level:
    """How full a budget is: `left` of `limit` calls, until `refills_at`."""

    period: str
    limit: int
    left: int
    refills_at: datetime


@dataclass(slots=True)
class _Lease:
    """Calls that this process took from a window and did not make yet."""

    window: Window
    left: int


@dataclass
class SharedQuota:
    """A `Quota` over the State table; `patience` says how long a reservation may wait.

    Calls are leased several at a time, so that not every one costs a write; `close` gives back what
    was not used. Whoever would have to wait longer than `patience` gets a `QuotaExhaustedError`.
    """

    plan: Plan
    budgets: QuotaRepository
    clock: Clock
    patience: timedelta = timedelta(0)
    lease: int = _LEASE
    sleep: Callable[[float], None] = time.sleep
    _leases: dict[str, _Lease] = field(default_factory=dict, init=False)
    _closed_until: datetime | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def reserve(self, calls: int = 1) -> None:
        """Take that many calls, all or none; wait for them no longer than `patience` each."""
        for taken in range(calls):
            try:
                self._reserve()
            except QuotaExhaustedError:
                self.refund(taken)
                raise

    def refund(self, calls: int = 1) -> None:
        """Keep calls that were reserved and never sent for the next reservations."""
        with self._lock:
            for window in self.plan.windows(self.clock()):
                held = self._held(window)
                held.left += calls

    def require(self, calls: int) -> None:
        """Raise `QuotaExhaustedError` where fewer calls are left of the day; take nothing."""
        for window in self.plan.windows(self.clock()):
            if window.period != "day":
                continue
            with self._lock:
                left = window.limit - self.budgets.used(window.name) + self._held(window).left
            if left < calls:
                raise QuotaExhaustedError(self.plan.provider, window.ends)

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Grant nothing before `until`, or the end of the provider's day, to anyone."""
        days = [each.ends for each in self.plan.windows(self.clock()) if each.period == "day"]
        moment = until or (days[0] if days else None)
        if moment is not None:
            self.budgets.close(self.plan.provider, moment)
            self.close()
        return moment

    def close(self) -> None:
        """Give back what is leased and not used."""
        with self._lock:
            now = self.clock()
            for lease in self._leases.values():
                if lease.left and lease.window.ends > now:
                    self.budgets.give_back(lease.window.name, lease.left)
            self._leases.clear()

    def levels(self) -> tuple[Level, ...]:
        """Return how much is left in every window of now; what is leased counts as used."""
        now = self.clock()
        closed = self.budgets.closed_until(self.plan.provider)
        return tuple(self._level(window, now, closed) for window in self.plan.windows(now))

    def _level(self, window: Window, now: datetime, closed: datetime | None) -> Level:
        left = max(0, window.limit - self.budgets.used(window.name))
        refills = window.ends
        if closed is not None and closed > now:
            left, refills = 0, max(refills, closed)
        return Level(window.period, window.limit, left, refills)

    def _reserve(self) -> None:
        latest = self.clock() + self.patience
        while True:
            windows = self.plan.windows(self.clock())
            with self._lock:
                until = self._take(windows, latest)
            if until > latest:
                raise QuotaExhaustedError(self.plan.provider, until)
            self._sleep_until(until)
            # A window that ended meanwhile is no longer the one in which the call is made.
            if all(window.ends > until for window in windows):
                return

    def _take(self, windows: tuple[Window, ...], latest: datetime) -> datetime:
        """Take one call from each window; return when to make it, or when to ask again."""
        for window in windows:
            held = self._held(window)
            if not held.left:
                held.left = self._leased(window)
            if not held.left:
                return window.ends
        at = self._booked(latest)
        if at <= latest:
            for window in windows:
                self._held(window).left -= 1
        return at

    def _held(self, window: Window) -> _Lease:
        held = self._leases.get(window.period)
        if held is None or held.window != window:
            held = self._leases[window.period] = _Lease(window, 0)
        return held

    def _leased(self, window: Window) -> int:
        def share(used: int) -> int:
            left = max(0, window.limit - used)
            return min(self.lease, left, max(1, left // _SHARE))

        self._closed_until = self.budgets.next_at(self.plan.provider)
        return self.budgets.take(window.name, window.ends, share)

    def _booked(self, latest: datetime) -> datetime:
        now, spacing = self.clock(), self.plan.spacing
        if spacing is not None:
            return self.budgets.book(self.plan.provider, now, spacing, 1, latest)
        return max(now, self._closed_until or now)

    def _sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self.clock()).total_seconds()) > 0:
            self.sleep(left)
