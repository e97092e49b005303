"""Series made of others: longer bars, joined histories, returns and rolling figures."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate, groupby, islice, pairwise
from math import nan, sqrt
from typing import Final, TypeAlias

from .prices import BarLength, Column, Interval, LongInterval, PriceSeries

Floats: TypeAlias = "array[float]"

_TRADING_DAYS: Final = 252


def resample(series: PriceSeries, interval: BarLength) -> PriceSeries:
    """Return bars of a longer interval, each dated by its last trading day.

    Weeks are ISO weeks, Monday to Sunday. First open, highest high, lowest low, last close, summed
    volume; a period at either end may be incomplete, as on any chart.
    """
    if interval is series.interval:
        return series
    if series.interval is not Interval.DAY or interval not in _PERIODS:
        raise ValueError(f"{series.ticker}: {series.interval} bars cannot become {interval} bars")
    spans = list(_spans(series.days, interval))
    return replace(
        series.take([stop - 1 for _, stop in spans]),
        interval=interval,
        open=array("q", [series.open[start] for start, _ in spans]),
        high=array("q", [max(series.high[start:stop]) for start, stop in spans]),
        low=array("q", [min(series.low[start:stop]) for start, stop in spans]),
        volume=array("q", [sum(series.volume[start:stop]) for start, stop in spans]),
    )


def split(series: PriceSeries, interval: BarLength) -> list[PriceSeries]:
    """Return the daily bars of each week, month or quarter as a series, oldest first."""
    return [series.slice(start, stop) for start, stop in _spans(series.days, interval)]


def _spans(days: Column, interval: BarLength) -> Iterator[tuple[int, int]]:
    start = 0
    for _, group in groupby(days, key=_PERIODS[interval]):
        stop = start + sum(1 for _ in group)
        yield start, stop
        start = stop


def _week(ordinal: int) -> int:
    return (ordinal - 1) // 7  # ordinal 1 was a Monday


def _month(ordinal: int) -> int:
    day = date.fromordinal(ordinal)
    return 12 * day.year + day.month - 1


def _quarter(ordinal: int) -> int:
    return _month(ordinal) // 3


_PERIODS: Final[Mapping[BarLength, Callable[[int], int]]] = {
    Interval.WEEK: _week,
    Interval.MONTH: _month,
    LongInterval.QUARTER: _quarter,
}


def merge(older: PriceSeries, newer: PriceSeries) -> PriceSeries:
    """Return the bars of both; where both have a day, the bar of `newer` counts."""
    if not len(older) or not len(newer):
        return newer if len(newer) else older
    both = common_units([older, newer])
    rows: dict[int, tuple[int, ...]] = {}
    for series in both:
        rows |= {row[0]: row for row in zip(*series.columns().values(), strict=True)}
    ordered = zip(*(rows[day] for day in sorted(rows)), strict=True)
    columns = zip(both[-1].columns().items(), ordered, strict=True)
    return both[-1].with_columns(
        {name: array(column.typecode, values) for (name, column), values in columns}
    )


def concat(parts: Sequence[PriceSeries]) -> PriceSeries:
    """Return series that follow one another, at least one, as a single one."""
    if len(parts) == 1:
        return parts[0]
    finer = common_units(parts)
    every = [part.columns() for part in finer]
    return finer[-1].with_columns(
        {
            name: array(column.typecode, b"".join(bytes(columns[name]) for columns in every))
            for name, column in every[-1].items()
        }
    )


def common_units(some: Sequence[PriceSeries]) -> list[PriceSeries]:
    """Return all series in the finest units that any of them has."""
    scale = max(series.scale for series in some)
    return [series if series.scale == scale else series.rescaled(scale) for series in some]


def returns(series: PriceSeries) -> Floats:
    """Return each close's relative change from the one before; NaN first and after a close of zero.

    Splits and dividends count as changes unless the series is adjusted.
    """
    changes = [(now - last) / last if last else nan for last, now in pairwise(series.close)]
    return array("d", [nan, *changes] if len(series) else [])


def rolling_mean(series: PriceSeries, window: int) -> Floats:
    """Return the mean close of each bar and those before it, `window` in all; NaN until then."""
    _check_window(window, least=1)
    sums = list(accumulate(series.close, initial=0))
    unit = window * 10**series.scale
    means = ((late - early) / unit for early, late in zip(sums, sums[window:], strict=False))
    return _warmed_up(list(means), len(series), window - 1)


def rolling_volatility(series: PriceSeries, window: int) -> Floats:
    """Return the annualised deviation of `window` returns up to each bar; NaN until then."""
    _check_window(window, least=2)
    changes = list(islice(returns(series), 1, None))
    spans = (changes[at : at + window] for at in range(len(changes) - window + 1))
    deviations = [_deviation(span) * sqrt(_TRADING_DAYS) for span in spans]
    return _warmed_up(deviations, len(series), window)


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _check_window(window: int, least: int) -> None:
    if window < least:
        raise ValueError(f"a window of {window} bars: at least {least} are needed")


def _warmed_up(values: Sequence[float], count: int, waiting: int) -> Floats:
    return array("d", [*[nan] * min(waiting, count), *values])
