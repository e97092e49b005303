"""Where bars are in the TimeSeries table: partitions, and sort keys in the order of time."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from ...domain import MINUTES_A_DAY, BarLength, Interval, IntradayInterval, PriceSeries, Ticker

__all__ = ["ORIGIN", "following", "key_at", "partition_of", "position_of", "span_keys"]

ORIGIN: Final = date.min.isoformat()
"""The key of the first block: it holds whatever is earlier than the second."""

_FRIDAY: Final = 5
_WEEK: Final = 7
_TRADING_DAY_ENDS_LATE: Final = timedelta(days=2)
_LAST_DAY: Final = date.max.toordinal()
_DAY_ZERO: Final = datetime(1, 1, 1, tzinfo=UTC)


def partition_of(ticker: Ticker, interval: BarLength) -> str:
    """Return the partition of a company's bars, as `AAPL#1d`."""
    return f"{ticker}#{interval.value}"


def key_at(position: int, interval: BarLength) -> str:
    """Return a position as text: a day, or a moment as `2024-01-05T14:30Z`."""
    if not isinstance(interval, IntradayInterval):
        return date.fromordinal(position).isoformat()
    days, minutes = divmod(position, MINUTES_A_DAY)
    moment = _DAY_ZERO + timedelta(days=days - 1, minutes=minutes)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='minutes')}Z"


def position_of(key: str, interval: BarLength) -> int:
    """Return the position that a key stands for."""
    if not isinstance(interval, IntradayInterval):
        return date.fromisoformat(key).toordinal()
    passed = datetime.fromisoformat(key.removesuffix("Z")).replace(tzinfo=UTC) - _DAY_ZERO
    return MINUTES_A_DAY + passed // timedelta(minutes=1)


def span_keys(
    first: date | None, last: date | None, interval: BarLength
) -> tuple[str | None, str | None]:
    """Return keys between which are all bars of days from `first` to `last`, both included."""
    if last is not None and isinstance(interval, IntradayInterval):
        last = min(last, date.max - _TRADING_DAY_ENDS_LATE) + _TRADING_DAY_ENDS_LATE
    return None if first is None else first.isoformat(), None if last is None else last.isoformat()


def following(series: PriceSeries) -> int | None:
    """Return the earliest position at which another bar is expected; `None` at the end of time."""
    last = series.positions()[-1]
    if isinstance(series.interval, IntradayInterval):
        return last + 1
    weekday = (last - 1) % _WEEK
    on_friday = series.interval is Interval.DAY and weekday + 1 == _FRIDAY
    expected = last + (3 if on_friday else 1)
    return expected if expected <= _LAST_DAY else None
