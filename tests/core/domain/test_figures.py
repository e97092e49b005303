"""Figures of recorded histories are those that pandas computes of the vendor's adjusted closes."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import (
    Interval,
    adjust,
    resample,
    returns,
    rolling_mean,
    rolling_volatility,
)
from signal9_core.domain.adjustment import in_last_shares
from signal9_core.providers.alphavantage.prices import Daily, parse_daily
from tests.recordings import needs_recordings, recorded

pytestmark = needs_recordings


def _histories() -> Iterator[tuple[Daily, pd.DataFrame]]:
    for ticker, body in recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", "*_full_*.csv"):
        daily = parse_daily(body, ticker)
        assert daily is not None
        frame = pd.read_csv(BytesIO(body), parse_dates=["timestamp"], index_col="timestamp")
        yield daily, frame.sort_index()


@pytest.fixture(scope="module")
def histories() -> list[tuple[Daily, pd.DataFrame]]:
    return list(_histories())


def _equal(ours: object, theirs: pd.Series, *, within: float = 0.0) -> None:
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), theirs.to_numpy(dtype=float), rtol=2e-5, atol=within
    )


def test_returns_and_rolling_figures(histories: list[tuple[Daily, pd.DataFrame]]) -> None:
    for daily, frame in histories:
        adjusted = adjust(daily.series, daily.actions)
        closes = frame["adjusted_close"]
        change = closes.pct_change(fill_method=None)
        _equal(returns(adjusted), change, within=2e-5)
        for window in (2, 21, 252):
            _equal(rolling_mean(adjusted, window), closes.rolling(window).mean())
            deviation = change.rolling(window).std(ddof=1) * np.sqrt(252)
            _equal(rolling_volatility(adjusted, window), deviation, within=5e-4)


def test_drawdowns(histories: list[tuple[Daily, pd.DataFrame]]) -> None:
    for daily, frame in histories:
        ours = np.array(list(map(float, adjust(daily.series, daily.actions).prices("close"))))
        closes = frame["adjusted_close"]
        _equal(ours / np.maximum.accumulate(ours) - 1, closes / closes.cummax() - 1, within=2e-5)


def test_weeks_and_months(histories: list[tuple[Daily, pd.DataFrame]]) -> None:
    for daily, frame in histories:
        factor = frame["adjusted_close"] / frame["close"]
        adjusted = frame[["open", "high", "low", "close"]].mul(factor, axis=0)
        adjusted["volume"] = _split_adjusted_volume(frame)
        rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        series = adjust(daily.series, daily.actions)
        for interval, frequency in ((Interval.WEEK, "W-SUN"), (Interval.MONTH, "ME")):
            expected = adjusted.resample(frequency).agg(rules).dropna()
            longer = resample(series, interval)
            for name in ("open", "high", "low", "close"):
                _equal([float(price) for price in longer.prices(name)], expected[name])
            _equal(longer.volume, expected["volume"])


def _split_adjusted_volume(frame: pd.DataFrame) -> pd.Series:
    later = frame["split_coefficient"][::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
    return frame["volume"] * later


def test_volumes_are_adjusted_by_splits_alone(
    histories: list[tuple[Daily, pd.DataFrame]],
) -> None:
    for daily, frame in histories:
        _equal(adjust(daily.series, daily.actions).volume, _split_adjusted_volume(frame))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_the_range_of_52_weeks(
    histories: list[tuple[Daily, pd.DataFrame]], data: st.DataObject
) -> None:
    daily, frame = data.draw(st.sampled_from(histories))
    at = data.draw(st.integers(0, len(daily.series) - 1))
    as_of = daily.series.day(at)
    year = daily.series.between(as_of - timedelta(weeks=52) + timedelta(days=1), as_of)

    comparable = in_last_shares(year, daily.actions)

    rows = frame.loc[str(year.day(0)) : str(as_of)]
    later = rows["split_coefficient"][::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
    low, high = rows["low"] / later, rows["high"] / later
    lows = list(map(float, comparable.prices("low")))
    highs = list(map(float, comparable.prices("high")))
    assert (min(lows), max(highs)) == pytest.approx((low.min(), high.max()), rel=1e-5)
    assert comparable.day(lows.index(min(lows))) == low.idxmin().date()
    assert comparable.day(highs.index(max(highs))) == high.idxmax().date()
    assert comparable.price("close", -1) == daily.series.price("close", at)
