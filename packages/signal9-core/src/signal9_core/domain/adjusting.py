"""Prices as if all shares had always been today's, and all dividends had been reinvested."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

from .actions import CorporateAction
from .columns import Column
from .prices import PriceSeries

__all__ = ["Adjustment", "adjust"]

_DIGITS: Final = 6
_SHIFT: Final = 80
_ONE: Final = 1 << _SHIFT
_HALF: Final = _ONE >> 1


class Adjustment(StrEnum):
    """How a dividend counts."""

    VENDOR = "vendor"
    """As AlphaVantage does: close / (close + dividend), the close being that of the ex-date."""
    CRSP = "crsp"
    """As academic series do: 1 - dividend / close of the day before."""
    SPLITS = "splits"
    """Not at all; splits alone count."""


def adjust(
    series: PriceSeries,
    actions: Iterable[CorporateAction],
    method: Adjustment = Adjustment.VENDOR,
) -> PriceSeries:
    """Return a series of raw prices adjusted for what happened during and after it.

    Prices before an ex-date are multiplied by what its dividend counts, and divided by the ratio
    of its split, by which volumes are multiplied. Prices are rounded to six decimals, or as many as
    the series has. A dividend that has no bar to be compared with does not count.
    """
    scale = max(series.scale, _DIGITS)
    unit = 10 ** (scale - series.scale)
    runs = _runs(series, actions, method)
    prices = [(run.stop, run.price * unit) for run in runs]
    closes = _times(series.close, prices)
    return replace(
        series,
        open=_times(series.open, prices),
        high=_times(series.high, prices),
        low=_times(series.low, prices),
        close=closes,
        volume=_times(series.volume, [(run.stop, run.shares) for run in runs]),
        scale=scale,
        adjusted_close=closes[:],
        adjusted_scale=scale,
    )


class _Run(NamedTuple):
    """Where bars with the same factors end, and these in units of `_ONE`."""

    stop: int
    price: int
    shares: int


def _runs(
    series: PriceSeries, actions: Iterable[CorporateAction], method: Adjustment
) -> list[_Run]:
    price = shares = _ONE
    stop, runs = len(series), list[_Run]()
    for action in sorted(actions, key=attrgetter("ex_date"), reverse=True):
        start = bisect_left(series.days, action.ex_date.toordinal())
        if start < stop:
            runs.append(_Run(stop, price, shares))
            stop = start
        if action.kind == "split" and action.ratio is not None:
            ratio, one = action.ratio.as_integer_ratio()
            price, shares = price * one // ratio, shares * ratio // one
        elif action.amount is not None and method is not Adjustment.SPLITS:
            price = _after_dividend(price, series, start, action.amount, method)
    return [_Run(stop, price, shares), *reversed(runs)]


def _after_dividend(
    factor: int, series: PriceSeries, at: int, amount: Decimal, method: Adjustment
) -> int:
    before = method is Adjustment.CRSP
    if at >= len(series) or (before and at == 0):
        return factor
    paid, one = amount.as_integer_ratio()
    close = series.close[at - before] * one
    cash = paid * int(10**series.scale)
    return factor * (close - cash) // close if before else factor * close // (close + cash)


def _times(column: Column, factors: Iterable[tuple[int, int]]) -> Column:
    start, products = 0, list[int]()
    for stop, factor in factors:
        products += [(each * factor + _HALF) >> _SHIFT for each in column[start:stop]]
        start = stop
    return array("q", products)
