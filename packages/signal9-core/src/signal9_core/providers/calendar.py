"""Trading days in New York."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

_NEW_YORK: Final = "America/New_York"
_SETTLED: Final = time(16, 30)
"""Half an hour after the close, the day's bar does not change any more."""

_SATURDAY: Final = 5


def last_finished_day(now: datetime) -> date:
    """Return the last day whose trading is over, even if it was a holiday."""
    local = now.astimezone(ZoneInfo(_NEW_YORK))
    finished = local.time() >= _SETTLED
    return local.date() if finished else local.date() - timedelta(days=1)


def last_close(now: datetime) -> datetime:
    """Return from when on the bars of the latest finished trading day are final, in UTC."""
    day = last_finished_day(now)
    while not is_trading_day(day):
        day -= timedelta(days=1)
    return datetime.combine(day, _SETTLED, ZoneInfo(_NEW_YORK)).astimezone(UTC)


def is_trading_day(day: date) -> bool:
    """Return whether the New York Stock Exchange is open on a day, even if only until noon."""
    return day.weekday() < _SATURDAY and day not in _holidays()


@cache
def _holidays() -> "HolidayBase":
    from holidays.financial.ny_stock_exchange import NewYorkStockExchange

    return NewYorkStockExchange()  # type: ignore[no-untyped-call]
