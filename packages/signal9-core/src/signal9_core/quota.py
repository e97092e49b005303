"""The budget of calls to a provider, shared by all processes that use the same store."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from .errors import QuotaExhaustedError
from .ports import Clock
from .repositories.state import QuotaRepository
from .schemas.operations import QuotaAnswer

_FREE_PER_DAY: Final = 25
_SPACING: Final = timedelta(seconds=1.5)
"""More than a second: a call that opens its connection arrives later than the one after it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many calls a provider allows in a day or a minute, and how far apart they must be.

    A day begins at midnight in `zone`.
    """

    provider: str
    period: Literal["day", "minute"]
    limit: int
    spacing: timedelta = timedelta(0)
    zone: str = "UTC"

    def window(self, now: datetime) -> tuple[str, datetime]:
        """Return the name of the day or minute that `now` is in, and when it ends."""
        if self.period == "minute":
            begins = now.astimezone(UTC).replace(second=0, microsecond=0)
            name = f"{self.provider}/minute/{begins:%Y-%m-%dT%H:%M}"
            return name, begins + timedelta(minutes=1)
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        # Midnight by the calendar: a day on which the clocks change has 23 or 25 hours.
        ends = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
        return f"{self.provider}/day/{day}", ends.astimezone(UTC)


def alphavantage_plan(per_minute: int | None) -> Plan:
    """Return the plan with that many calls a minute; `None` for the free one.

    The free one ends at midnight in New York, as everything at AlphaVantage goes by that clock.
    """
    if per_minute is None:
        return Plan("alphavantage", "day", _FREE_PER_DAY, _SPACING, "America/New_York")
    return Plan("alphavantage", "minute", per_minute)


def alpaca_plan(per_minute: int) -> Plan:
    """Return the plan with that many calls a minute; the free one has 200."""
    return Plan("alpaca", "minute", per_minute)


@dataclass
class SharedQuota:
    """A `Quota` over the State table; `patience` is how long a reservation may wait."""

    plan: Plan
    budgets: QuotaRepository
    clock: Clock
    patience: timedelta = timedelta(0)
    sleep: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _reserved: threading.local = field(default_factory=threading.local, init=False)

    def reserve(self, calls: int = 1) -> None:
        """Take that many calls, all or none; wait for them no longer than `patience`."""
        latest = self.clock() + self.patience
        while True:
            now = self.clock()
            latest = max(latest, now)  # a call that may be made at once never waits too long
            window, ends = self.plan.window(now)
            with self._lock:
                taken = self.budgets.take(window, ends, calls, self.plan.limit)
            at = self._book(calls, now, latest) if taken else ends
            if at > latest:
                if taken:
                    self.budgets.give_back(window, calls)
                raise QuotaExhaustedError(self.plan.provider, at)
            self._sleep_until(at)
            # A window that ended meanwhile is no longer the one in which the call is made.
            if taken and at < ends:
                self._reserved.window = window
                return

    def refund(self, calls: int = 1) -> None:
        """Give back calls that this thread reserved last and never sent, to their own window."""
        window = getattr(self._reserved, "window", None)
        if window is not None:
            self.budgets.give_back(window, calls)

    def require(self, calls: int) -> None:
        """Raise `QuotaExhaustedError` if fewer calls are left of the day; take nothing."""
        window, ends = self.plan.window(self.clock())
        if self.plan.period == "day" and self.plan.limit - self.budgets.used(window) < calls:
            raise QuotaExhaustedError(self.plan.provider, ends)

    def left_today(self) -> int | None:
        """Return how many calls are left of the day; `None` for a budget by the minute."""
        return self.status().left if self.plan.period == "day" else None

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Grant no call before `until`, or the end of the provider's day, to any process."""
        if until is None and self.plan.period == "day":
            until = self.plan.window(self.clock())[1]
        if until is not None:
            self.budgets.close(self.plan.provider, until)
        return until

    def status(self) -> QuotaAnswer:
        """Return how many calls are left, and when the budget refills."""
        now = self.clock()
        window, refills_at = self.plan.window(now)
        left = max(0, self.plan.limit - self.budgets.used(window))
        closed_until = self.budgets.closed_until(self.plan.provider)
        if closed_until is not None and closed_until > now:
            left, refills_at = 0, max(refills_at, closed_until)
        return QuotaAnswer(
            provider=self.plan.provider,
            period=self.plan.period,
            limit=self.plan.limit,
            left=left,
            refills_at=refills_at,
        )

    def _book(self, calls: int, now: datetime, latest: datetime) -> datetime:
        return self.budgets.book(self.plan.provider, now, calls * self.plan.spacing, latest)

    def _sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self.clock()).total_seconds()) > 0:
            self.sleep(left)
