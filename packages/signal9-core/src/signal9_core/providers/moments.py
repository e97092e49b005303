"""Moments as days of trading in New York, and minutes since those began in UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..domain import MINUTES_A_DAY

__all__ = ["Moments", "moments_of"]

_NEW_YORK = "America/New_York"


class Moments(NamedTuple):
    """Ordinals of days of trading, and minutes; late ones have more than a day's."""

    days: list[int]
    minutes: list[int]


def moments_of(starts: Iterable[datetime]) -> Moments:
    """Return when bars start; `ValueError` where one does not start with a minute."""
    zone = ZoneInfo(_NEW_YORK)
    found = Moments([], [])
    for start in starts:
        there = start.astimezone(UTC)
        if there.second or there.microsecond:
            raise ValueError(f"the bar of {there.isoformat()} does not start with a minute")
        day = start.astimezone(zone).toordinal()
        found.days.append(day)
        found.minutes.append(
            (there.toordinal() - day) * MINUTES_A_DAY + there.hour * 60 + there.minute
        )
    return found
