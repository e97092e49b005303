"""Trading days in New York."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["last_finished_day"]

_NEW_YORK: Final = "America/New_York"
_SETTLED: Final = time(16, 30)
"""Half an hour after the close, the day's bar does not change any more."""


def last_finished_day(now: datetime) -> date:
    """Return the last day whose trading is over, even if it was a holiday."""
    local = now.astimezone(ZoneInfo(_NEW_YORK))
    finished = local.time() >= _SETTLED
    return local.date() if finished else local.date() - timedelta(days=1)
