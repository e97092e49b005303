"""Returns and rolling figures of a series, as floats for analysis."""

from array import array
from collections.abc import Sequence
from itertools import accumulate, islice, pairwise
from math import nan, sqrt
from operator import sub, truediv
from typing import TYPE_CHECKING, Final

from .prices import PriceSeries

if TYPE_CHECKING:
    Floats = array[float]
else:
    Floats = array  # generic only from Python 3.12 on

__all__ = ["returns", "rolling_mean", "rolling_volatility"]

_TRADING_DAYS: Final = 252


def returns(series: PriceSeries) -> Floats:
    """Return by how much each close differs from the one before, as a share of it; first NaN.

    Of a series as traded, splits and dividends are in it: adjust it first. After a close of zero
    there is no return either.
    """
    closes = array("d", series.close)
    if 0 in series.close:
        pairs = pairwise(closes)
        return array("d", [nan, *(now / last - 1 if last else nan for last, now in pairs)])
    changes = map(truediv, map(sub, closes[1:], closes), closes)
    return array("d", [nan, *changes] if len(series) else [])


def rolling_mean(series: PriceSeries, window: int) -> Floats:
    """Return the mean close of each bar and those before it, `window` in all; NaN until then."""
    sums = list(accumulate(series.close, initial=0))
    unit = _positive(window) * 10**series.scale
    means = ((late - early) / unit for early, late in zip(sums, sums[window:], strict=False))
    return array("d", _after_warm_up(list(means), len(series), window - 1))


def rolling_volatility(series: PriceSeries, window: int) -> Floats:
    """Return the deviation of `window` returns up to each bar, scaled to a year; NaN until then."""
    changes = list(islice(returns(series), 1, None))
    spans = range(len(changes) - _positive(window, least=2) + 1)
    found = [_deviation(changes[at : at + window]) * sqrt(_TRADING_DAYS) for at in spans]
    return array("d", _after_warm_up(found, len(series), window))


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _after_warm_up(values: Sequence[float], count: int, waiting: int) -> Sequence[float]:
    return [*[nan] * min(waiting, count), *values]


def _positive(window: int, least: int = 1) -> int:
    if window < least:
        raise ValueError(f"a window of {window} bars: at least {least} are needed")
    return window
