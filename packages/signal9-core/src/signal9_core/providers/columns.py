"""A price series made of rows that a provider sent, in any order."""

from array import array
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from ..domain import PRICE_COLUMNS, Column, PriceSeries, Ticker, decimals_of
from ..errors import PayloadError

__all__ = ["DailyRow", "series_of"]

_CENTS: Final = 2


class DailyRow(NamedTuple):
    """One day as a provider sent it."""

    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    adjusted_close: Decimal | None = None


def series_of(ticker: Ticker, rows: Iterable[DailyRow], where: str) -> PriceSeries:
    """Return the rows as a series, oldest first, with every price as it was sent."""
    ordered = sorted(rows)
    _check(ordered, where)
    prices = [[getattr(row, name) for row in ordered] for name in PRICE_COLUMNS]
    scale = _scale(value for column in prices for value in column)
    adjusted = [row.adjusted_close for row in ordered if row.adjusted_close is not None]
    if len(adjusted) not in {0, len(ordered)}:
        raise PayloadError(f"{where}: only some days have an adjusted close")
    adjusted_scale = _scale(adjusted)
    opens, highs, lows, closes = (_scaled(column, scale) for column in prices)
    return PriceSeries(
        ticker=ticker,
        days=array("i", (row.day.toordinal() for row in ordered)),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=array("q", (int(row.volume) for row in ordered)),
        scale=scale,
        adjusted_close=_scaled(adjusted, adjusted_scale) if adjusted else None,
        adjusted_scale=adjusted_scale,
    )


def _check(ordered: Sequence[DailyRow], where: str) -> None:
    for earlier, later in pairwise(ordered):
        if earlier.day == later.day:
            raise PayloadError(f"{where}: {later.day} occurs twice")
    for row in ordered:
        if not row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high:
            raise PayloadError(f"{where}: open or close outside low..high on {row.day}")
        if row.volume < 0 or row.volume != int(row.volume):
            raise PayloadError(f"{where}: volume {row.volume} on {row.day}")


def _scale(values: Iterable[Decimal]) -> int:
    return max(_CENTS, max(map(decimals_of, values), default=0))


def _scaled(values: Iterable[Decimal], scale: int) -> Column:
    return array("q", (int(value.scaleb(scale)) for value in values))
