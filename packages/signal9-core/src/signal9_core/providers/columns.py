"""A price series out of the columns of a payload, if it makes sense."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

from ..domain import (
    BarLength,
    Column,
    Interval,
    PriceSeries,
    Ticker,
    column_of,
    nonsense_in,
)
from ..errors import PayloadError
from .digits import Scaled, scaled

__all__ = ["Rows", "rows_of", "series_of"]

InOrder = Callable[[Column], Column]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a payload says about bars, column by column, in its own order.

    `days` are ordinals; `prices` are open, high, low and close, in units of `10 ** -scale`.
    `splits` holds new shares for an old one by day, where the payload tells of splits.
    """

    days: Sequence[int]
    prices: Sequence[Sequence[int]]
    scale: int
    volume: Sequence[int]
    adjusted_close: Scaled | None = None
    splits: Mapping[int, Fraction] | None = None
    minutes: Sequence[int] | None = None
    interval: BarLength = Interval.DAY


def rows_of(days: Sequence[int], prices: Sequence[Sequence[Any]], volume: Sequence[int]) -> Rows:
    """Return columns of texts or floats as rows; `ValueError` where something is no number."""
    joined, scale = scaled(list(chain.from_iterable(prices)))
    count = len(days)
    columns = [joined[at : at + count] for at in range(0, len(joined), count or 1)]
    return Rows(days, columns, scale, volume)


def series_of(ticker: Ticker, rows: Rows, where: str) -> PriceSeries:
    """Return rows as a series, oldest first; `PayloadError` names one that cannot be."""
    try:
        series = _in_order(ticker, rows)
    except (OverflowError, ValueError) as error:
        raise PayloadError(f"{where}: {error}") from error
    wrong = nonsense_in(series, rows.splits)
    if wrong is not None:
        raise PayloadError(f"{where}: {wrong}")
    return series


def _in_order(ticker: Ticker, rows: Rows) -> PriceSeries:
    days, minutes = rows.days, rows.minutes
    newest_first = len(days) > 1 and days[0] > days[-1]
    try:
        return _series(ticker, rows, _backwards if newest_first else _as_they_are)
    except ValueError:
        return _series(ticker, rows, _sorting(days, minutes))


def _series(ticker: Ticker, rows: Rows, ordered: InOrder) -> PriceSeries:
    opens, highs, lows, closes = (ordered(column_of(each)) for each in rows.prices)
    adjusted, adjusted_scale = rows.adjusted_close or (None, 2)
    return PriceSeries(
        ticker=ticker,
        days=ordered(column_of(rows.days, "i")),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=ordered(column_of(rows.volume)),
        scale=rows.scale,
        adjusted_close=None if adjusted is None else ordered(column_of(adjusted)),
        adjusted_scale=adjusted_scale,
        interval=rows.interval,
        minutes=None if rows.minutes is None else ordered(column_of(rows.minutes, "h")),
    )


def _as_they_are(column: Column) -> Column:
    return column


def _backwards(column: Column) -> Column:
    return column[::-1]


def _sorting(days: Sequence[int], minutes: Sequence[int] | None) -> InOrder:
    """Return what brings columns into the order of time."""
    places = sorted(range(len(days)), key=list(zip(days, minutes or days, strict=True)).__getitem__)
    return lambda column: array(column.typecode, map(column.__getitem__, places))
