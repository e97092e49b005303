from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from math import isnan, sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain.prices import Bar, BarLength, Interval, LongInterval, PriceSeries
from signal9_core.domain.timeseries import (
    concat,
    merge,
    resample,
    returns,
    rolling_mean,
    rolling_volatility,
    split,
)

from ..strategies import price_series, walk

PERIODS: dict[BarLength, Callable[[Bar], tuple[int, int]]] = {
    Interval.WEEK: lambda bar: bar.day.isocalendar()[:2],
    Interval.MONTH: lambda bar: (bar.day.year, bar.day.month),
    LongInterval.QUARTER: lambda bar: (bar.day.year, (bar.day.month + 2) // 3),
}


def overlapping(min_size: int = 0) -> SearchStrategy[PriceSeries]:
    return price_series("IBM", min_size=min_size, max_size=15, after=date(2012, 12, 14))


@pytest.mark.parametrize("interval", PERIODS)
@settings(deadline=None, max_examples=30)
@given(series=price_series(max_size=60))
def test_longer_bars_summarise_the_days_of_their_period(
    interval: BarLength, series: PriceSeries
) -> None:
    longer = resample(series, interval)

    groups = [list(group) for _, group in groupby(series, PERIODS[interval])]
    assert longer.interval is interval
    assert (longer.ticker, longer.currency) == (series.ticker, series.currency)
    assert list(longer) == [
        Bar(
            ticker=series.ticker,
            day=days[-1].day,
            open=days[0].open,
            high=max(bar.high for bar in days),
            low=min(bar.low for bar in days),
            close=days[-1].close,
            volume=sum(bar.volume for bar in days),
        )
        for days in groups
    ]
    assert [list(part) for part in split(series, interval)] == groups


def test_a_week_runs_from_monday_to_sunday_over_the_turn_of_a_year() -> None:
    sunday = date(2012, 12, 30)
    price = Decimal(1)
    bars = [
        Bar(
            ticker="IBM",
            day=sunday + timedelta(passed),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=10**passed,
        )
        for passed in range(9)
    ]

    weeks = resample(PriceSeries.from_bars("IBM", bars), Interval.WEEK)

    assert [(bar.day, bar.volume) for bar in weeks] == [
        (date(2012, 12, 30), 1),
        (date(2013, 1, 6), 11111110),
        (date(2013, 1, 7), 100000000),
    ]


def test_only_days_become_longer_bars() -> None:
    days = walk(30)
    weeks = resample(days, Interval.WEEK)

    assert resample(days, Interval.DAY) is days
    for interval in (Interval.MONTH, Interval.DAY):
        with pytest.raises(ValueError, match=f"AAPL: 1w bars cannot become {interval} bars"):
            resample(weeks, interval)


@settings(deadline=None, max_examples=50)
@given(overlapping(), overlapping(), overlapping())
def test_merging_keeps_every_day_and_the_newer_bar_in_any_grouping(
    one: PriceSeries, two: PriceSeries, three: PriceSeries
) -> None:
    merged = merge(one, two)

    by_day = {bar.day: bar for series in (one, two) for bar in series}
    assert list(merged) == [by_day[day] for day in sorted(by_day)]
    assert merge(merged, two) == merged
    assert merge(merged, three) == merge(one, merge(two, three))


@settings(deadline=None, max_examples=25)
@given(overlapping(min_size=1))
def test_merging_parts_of_a_series_or_nothing_changes_nothing(series: PriceSeries) -> None:
    for part in (series, series.slice(3, 9), PriceSeries.empty("IBM")):
        assert merge(series, part) == series
        assert merge(part, series) == series


@settings(deadline=None, max_examples=30)
@given(overlapping(min_size=1), price_series("IBM", min_size=1, after=date(2013, 9, 1)))
def test_series_that_follow_one_another_join_to_what_merging_makes(
    older: PriceSeries, newer: PriceSeries
) -> None:
    assert concat([older, newer]) == merge(older, newer)
    assert concat([older]) is older


@settings(deadline=None, max_examples=30)
@given(price_series(), st.integers(2, 12))
def test_returns_and_rolling_figures_are_those_of_each_window(
    series: PriceSeries, window: int
) -> None:
    changes = list(returns(series))
    means, deviations = rolling_mean(series, window), rolling_volatility(series, window)

    closes = [float(price) for price in series.prices("close")]
    assert len(changes) == len(means) == len(deviations) == len(series)
    for at in range(len(series)):
        change = closes[at] / closes[at - 1] - 1 if at else None
        assert isnan(changes[at]) if change is None else changes[at] == pytest.approx(change)
        if at < window - 1:
            assert isnan(means[at])
        else:
            assert means[at] == pytest.approx(fmean(closes[at - window + 1 : at + 1]))
        if at < window:
            assert isnan(deviations[at])
        else:
            deviation = stdev(changes[at - window + 1 : at + 1])
            assert deviations[at] == pytest.approx(deviation * sqrt(252))


def test_there_is_no_return_after_a_close_of_zero() -> None:
    series = walk(3)
    series.close[1] = 0

    assert [isnan(change) for change in returns(series)] == [True, False, True]


def test_a_window_without_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 0 bars: at least 1 are needed"):
        rolling_mean(walk(3), 0)
    with pytest.raises(ValueError, match="a window of 1 bars: at least 2 are needed"):
        rolling_volatility(walk(3), 1)
