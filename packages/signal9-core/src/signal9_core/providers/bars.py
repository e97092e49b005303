"""Columns out of a payload as a series that makes sense, or an error that names the row."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ..domain import (
    BarLength,
    Column,
    Interval,
    PriceSeries,
    Ticker,
    nonsense_in,
    rescaled,
)
from ..errors import PayloadError

__all__ = ["Rows", "series_of"]

Scaled = tuple[Sequence[int], int]
"""Whole numbers, and how many of their digits are decimals."""


@dataclass(frozen=True)
class Rows:
    """What a payload says about bars, column by column, in its own order."""

    ticker: Ticker
    days: Sequence[int]
    prices: Mapping[str, Scaled]
    volume: Sequence[int]
    adjusted_close: Scaled | None = None
    minutes: Sequence[int] | None = None
    interval: BarLength = Interval.DAY
    splits: Mapping[int, Fraction] | None = field(default=None)


def series_of(rows: Rows, provider: str) -> PriceSeries:
    """Return rows as a series, oldest first; `PayloadError` names one that cannot be."""
    order = _order(rows.days, rows.minutes)
    scale = max(2, *(scale for _, scale in rows.prices.values()))
    try:
        columns = {
            name: rescaled(_column(numbers, order), scale - own)
            for name, (numbers, own) in rows.prices.items()
        }
        adjusted, adjusted_scale = rows.adjusted_close or ((), 2)
        series = PriceSeries(
            ticker=rows.ticker,
            interval=rows.interval,
            days=_column(rows.days, order, "i"),
            minutes=None if rows.minutes is None else _column(rows.minutes, order, "h"),
            volume=_column(rows.volume, order),
            scale=scale,
            adjusted_close=None if rows.adjusted_close is None else _column(adjusted, order),
            adjusted_scale=adjusted_scale,
            open=columns["open"],
            high=columns["high"],
            low=columns["low"],
            close=columns["close"],
        )
    except (ValueError, OverflowError) as error:
        raise PayloadError(
            f"{provider} sent prices of {rows.ticker} that cannot be: {error}"
        ) from error
    wrong = nonsense_in(series, rows.splits)
    if wrong is not None:
        raise PayloadError(f"{provider} sent prices of {rows.ticker} that cannot be: {wrong}")
    return series


def _order(days: Sequence[int], minutes: Sequence[int] | None) -> int:
    """Return the step in which to go through rows so that the oldest comes first."""
    if len(days) > 1:
        first, last = (days[0], minutes and minutes[0]), (days[-1], minutes and minutes[-1])
        return -1 if first > last else 1
    return 1


def _column(numbers: Sequence[int], order: int, kind: str = "q") -> Column:
    return array(kind, numbers)[::order]
