"""What a provider allows, and when its windows begin and end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["Plan", "Window", "alpaca_plan", "alphavantage_plan"]

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
