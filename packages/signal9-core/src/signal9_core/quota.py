"""What a provider allows, and when its windows begin and end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from .errors import QuotaExhaustedError
from .ports import Clock
from .repositories import QuotaRepository

__all__ = ["Level", "Plan", "SharedQuota", "Window", "alpaca_plan", "alphavantage_plan"]

_NEW_YORK: Final = "America/New_York"
_FREE_PER_DAY: Final = 25
_MINUTE: Final = timedelta(minutes=1)
_SPACED: Final = timedelta(seconds=1.5)
"""More than a second: a call that opens its connection arrives later than the one after it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in which only so many calls are allowed."""

    name: str
    period: str
    limit: int
    ends: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a provider may be asked; `None` for as often as one likes.

    Calls within a second are spaced evenly; those of a minute and a day are counted. A day begins
    at midnight in `day_zone`.
    """

    provider: str
    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    day_zone: str = "UTC"

    @property
    def spacing(self) -> timedelta | None:
        """How far apart calls have to be sent, so that they arrive no more than so often."""
        return None if self.per_second is None else _SPACED / self.per_second

    def windows(self, now: datetime) -> tuple[Window, ...]:
        """Return the windows that `now` is in, the longest first."""
        found = []
        if self.per_day is not None:
            found.append(self._day(now, self.per_day))
        if self.per_minute is not None:
            found.append(self._minute(now, self.per_minute))
        return tuple(found)

    def _day(self, now: datetime, limit: int) -> Window:
        zone = ZoneInfo(self.day_zone)
        day = now.astimezone(zone).date()
        # Midnight by the calendar: a day of the change to summer time has 23 hours.
        after = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
        return Window(f"{self.provider}/day/{day}", "day", limit, after.astimezone(UTC))

    def _minute(self, now: datetime, limit: int) -> Window:
        begins = now.astimezone(UTC).replace(second=0, microsecond=0)
        name = f"{self.provider}/minute/{begins:%Y-%m-%dT%H:%M}"
        return Window(name, "minute", limit, begins + _MINUTE)


def alphavantage_plan(per_minute: int | None) -> Plan:
    """Return the plan with that many calls a minute; `None` for the free one.

    The free one ends at midnight in New York, as everything at AlphaVantage goes by that clock.
    """
    if per_minute is None:
        return Plan("alphavantage", per_second=1, per_day=_FREE_PER_DAY, day_zone=_NEW_YORK)
    return Plan("alphavantage", per_minute=per_minute)


def alpaca_plan(per_minute: int) -> Plan:
    """Return the plan with that many calls a minute; the free one has 200."""
    return Plan("alpaca", per_minute=per_minute)


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
