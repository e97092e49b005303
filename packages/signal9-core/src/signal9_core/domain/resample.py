"""Longer bars made of daily ones, and series joined: calendar rules without loss."""

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Final

from .columns import Column, rescaled
from .intervals import BarLength, Interval, LongInterval
from .prices import PRICE_COLUMNS, PriceSeries

__all__ = ["merge", "resample"]


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
