from dataclasses import replace
from math import isnan, sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import (
    LongInterval,
    PriceSeries,
    resample,
    returns,
    rolling_mean,
    rolling_volatility,
)

from ..strategies import price_series, walk


@settings(deadline=None, max_examples=30)
@given(price_series(min_size=1))
def test_returns_relate_each_close_to_the_one_before(series: PriceSeries) -> None:
    found = returns(series)

    assert isnan(found[0])
    assert len(found) == len(series)
    for at in range(1, len(series)):
        expected = float(series.close[at] / series.close[at - 1]) - 1
        assert found[at] == pytest.approx(expected)


@settings(deadline=None, max_examples=30)
@given(price_series(), st.integers(2, 12))
def test_rolling_figures_are_those_of_each_window(series: PriceSeries, window: int) -> None:
    means, deviations = rolling_mean(series, window), rolling_volatility(series, window)
    closes = [float(price) for price in series.prices("close")]
    changes = list(returns(series))

    assert len(means) == len(deviations) == len(series)
    for at in range(len(series)):
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

    assert [isnan(each) for each in returns(series)] == [True, False, True]
    assert list(returns(PriceSeries.empty("AAPL"))) == []


def test_a_window_without_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 0 bars: at least 1 are needed"):
        rolling_mean(walk(3), 0)
    with pytest.raises(ValueError, match="a window of 1 bars: at least 2 are needed"):
        rolling_volatility(walk(3), 1)


def test_quarters_are_those_of_the_calendar() -> None:
    series = walk(130)

    quarters = resample(series, LongInterval.QUARTER)

    assert [str(bar.day) for bar in quarters] == ["2010-03-31", "2010-06-30", "2010-07-02"]
    assert sum(quarters.volume) == sum(series.volume)
    assert max(quarters.high) == max(series.high)


def test_columns_are_views_for_whoever_computes_with_them() -> None:
    numpy = pytest.importorskip("numpy")
    series = walk(5)

    view = numpy.asarray(series.close)

    assert view.dtype == numpy.int64
    assert numpy.shares_memory(view, numpy.asarray(memoryview(series.close)))


def test_a_series_takes_at_most_64_bytes_a_bar() -> None:
    series = replace(walk(1_000))
    columns = (series.days, series.open, series.high, series.low, series.close, series.volume)

    assert series.adjusted_close is not None
    held = sum(column.itemsize for column in (*columns, series.adjusted_close))
    assert held <= 64
