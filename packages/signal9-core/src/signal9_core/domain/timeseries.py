"""Longer bars made of daily ones, and series joined: calendar rules without loss."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate, groupby, islice, pairwise
from math import nan, sqrt
from operator import sub, truediv
from typing import Final, TypeAlias

from .prices import PRICE_COLUMNS, BarLength, Column, Interval, LongInterval, PriceSeries, rescaled

__all__ = ["merge", "resample", "returns", "rolling_mean", "rolling_volatility"]


def resample(series: PriceSeries, interval: BarLength) -> PriceSeries:
    """Return bars of a longer interval, each dated by its last trading day.

    Weeks are ISO weeks, Monday to Sunday, quarters those of the calendar. First open, highest
    high, lowest low, last close, summed volume; a period at either end may be incomplete, as on any
    chart.
    """
    if interval is series.interval:
        return series
    if series.interval is not Interval.DAY or interval not in _KEYS:
        raise ValueError(f"{series.ticker}: {series.interval} bars cannot become {interval} bars")
    spans = list(_spans(series.days, interval))
    adjusted = series.adjusted_close
    return replace(
        series,
        interval=interval,
        days=array("i", (series.days[stop - 1] for _, stop in spans)),
        open=array("q", (series.open[start] for start, _ in spans)),
        high=array("q", (max(series.high[start:stop]) for start, stop in spans)),
        low=array("q", (min(series.low[start:stop]) for start, stop in spans)),
        close=array("q", (series.close[stop - 1] for _, stop in spans)),
        volume=array("q", (sum(series.volume[start:stop]) for start, stop in spans)),
        adjusted_close=(
            None if adjusted is None else array("q", (adjusted[stop - 1] for _, stop in spans))
        ),
    )


def _spans(days: Column, interval: BarLength) -> Iterator[tuple[int, int]]:
    start = 0
    for _, group in groupby(days, key=_KEYS[interval]):
        stop = start + sum(1 for _ in group)
        yield start, stop
        start = stop


def _week(ordinal: int) -> tuple[int, int]:
    return 0, (ordinal - 1) // 7  # ordinal 1 was a Monday


def _month(ordinal: int) -> tuple[int, int]:
    day = date.fromordinal(ordinal)
    return day.year, day.month


def _quarter(ordinal: int) -> tuple[int, int]:
    year, month = _month(ordinal)
    return year, (month - 1) // 3


_KEYS: Final[Mapping[BarLength, Callable[[int], tuple[int, int]]]] = {
    Interval.WEEK: _week,
    Interval.MONTH: _month,
    LongInterval.QUARTER: _quarter,
}


def merge(older: PriceSeries, newer: PriceSeries) -> PriceSeries:
    """Return the bars of both; where both have a day, the bar of `newer` counts.

    Adjusted closes survive only where all bars have them.
    """
    if not len(older) or not len(newer):
        return newer if len(newer) else older
    scale = max(older.scale, newer.scale)
    adjusted_scale = max(older.adjusted_scale, newer.adjusted_scale)
    keep_adjusted = older.adjusted_close is not None and newer.adjusted_close is not None
    keep_minutes = older.minutes is not None and newer.minutes is not None
    rows = dict(_rows(older, scale, adjusted_scale)) | dict(_rows(newer, scale, adjusted_scale))
    ordered = sorted(rows.items())
    columns = [array("q", (row[at] for _, row in ordered)) for at in range(8)]
    return replace(
        newer,
        days=array("i", columns[6]),
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=columns[4],
        scale=scale,
        adjusted_scale=adjusted_scale,
        adjusted_close=columns[5] if keep_adjusted else None,
        minutes=array("h", columns[7]) if keep_minutes else None,
    )


def _rows(
    series: PriceSeries, scale: int, adjusted_scale: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
    prices = [rescaled(getattr(series, name), scale - series.scale) for name in PRICE_COLUMNS]
    nothing = array("q", bytes(8 * len(series)))
    adjusted = rescaled(series.adjusted_close or nothing, adjusted_scale - series.adjusted_scale)
    minutes = nothing if series.minutes is None else series.minutes
    columns = zip(*prices, series.volume, adjusted, series.days, minutes, strict=True)
    return zip(series.positions(), columns, strict=True)


Floats: TypeAlias = "array[float]"


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
