from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import Bar, Interval, PriceSeries, merge, resample

from ..strategies import price_series

PERIODS: dict[Interval, Callable[[Bar], tuple[int, int]]] = {
    Interval.WEEK: lambda bar: bar.day.isocalendar()[:2],
    Interval.MONTH: lambda bar: (bar.day.year, bar.day.month),
}


def overlapping(min_size: int = 0) -> SearchStrategy[PriceSeries]:
    return price_series("IBM", min_size=min_size, max_size=15, after=date(2012, 12, 14))


@pytest.mark.parametrize("interval", PERIODS)
@settings(deadline=None, max_examples=50)
@given(series=price_series(max_size=60))
def test_longer_bars_keep_what_shorter_ones_say(interval: Interval, series: PriceSeries) -> None:
    longer = resample(series, interval)

    groups = [list(group) for _, group in groupby(series, PERIODS[interval])]
    assert longer.interval is interval
    assert (longer.ticker, longer.currency) == (series.ticker, series.currency)
    assert list(longer) == [
        Bar(
            ticker=series.ticker,
            day=group[-1].day,
            open=group[0].open,
            high=max(bar.high for bar in group),
            low=min(bar.low for bar in group),
            close=group[-1].close,
            volume=sum(bar.volume for bar in group),
            adjusted_close=group[-1].adjusted_close,
        )
        for group in groups
    ]


def test_weeks_run_from_monday_to_sunday_over_the_turn_of_a_year() -> None:
    sunday = date(2012, 12, 30)
    series = PriceSeries.from_bars(
        "IBM", [_bar(sunday + timedelta(passed), volume=10**passed) for passed in range(9)]
    )

    weeks = resample(series, Interval.WEEK)

    assert [(bar.day, bar.volume) for bar in weeks] == [
        (date(2012, 12, 30), 1),
        (date(2013, 1, 6), 11111110),
        (date(2013, 1, 7), 100000000),
    ]


def test_months_end_with_their_last_trading_day() -> None:
    days = [date(2012, 12, 31), date(2013, 1, 2), date(2013, 1, 31), date(2013, 2, 28)]
    series = PriceSeries.from_bars("IBM", [_bar(day) for day in days])

    months = resample(series, Interval.MONTH)

    assert [bar.day for bar in months] == [days[0], days[2], days[3]]


@settings(deadline=None, max_examples=25)
@given(price_series())
def test_daily_bars_of_daily_bars_are_the_same(series: PriceSeries) -> None:
    assert resample(series, Interval.DAY) is series


def test_weeks_cannot_become_months_or_days() -> None:
    weeks = resample(PriceSeries.from_bars("IBM", [_bar(date(2013, 3, 1))]), Interval.WEEK)

    for interval in (Interval.MONTH, Interval.DAY):
        with pytest.raises(ValueError, match=f"IBM: 1w bars cannot become {interval} bars"):
            resample(weeks, interval)


@settings(deadline=None, max_examples=50)
@given(overlapping(), overlapping())
def test_merging_keeps_every_day_and_the_newer_bar(older: PriceSeries, newer: PriceSeries) -> None:
    merged = merge(older, newer)

    plain = {bar.day: _without_adjusted(bar) for series in (older, newer) for bar in series}
    assert [_without_adjusted(bar) for bar in merged] == [plain[day] for day in sorted(plain)]


@settings(deadline=None, max_examples=25)
@given(overlapping())
def test_merging_a_series_with_itself_changes_nothing(series: PriceSeries) -> None:
    assert merge(series, series) == series
    assert merge(series, series.slice(3, 9)) == series
    assert merge(series.slice(3, 9), series) == series


@settings(deadline=None, max_examples=25)
@given(overlapping(), overlapping())
def test_merging_again_changes_nothing(older: PriceSeries, newer: PriceSeries) -> None:
    merged = merge(older, newer)

    assert merge(merged, newer) == merged


@settings(deadline=None, max_examples=50)
@given(overlapping(), overlapping(), overlapping())
def test_it_does_not_matter_which_two_of_three_are_merged_first(
    one: PriceSeries, two: PriceSeries, three: PriceSeries
) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@settings(deadline=None, max_examples=25)
@given(price_series("IBM", min_size=1))
def test_a_series_without_bars_adds_nothing_to_another(series: PriceSeries) -> None:
    nothing = PriceSeries.from_bars("IBM", [])

    assert merge(series, nothing) == merge(nothing, series) == series


@settings(deadline=None, max_examples=25)
@given(overlapping(min_size=1), overlapping(min_size=1))
def test_adjusted_closes_survive_only_where_all_bars_have_them(
    older: PriceSeries, newer: PriceSeries
) -> None:
    merged = merge(older, newer)

    known = [None not in series.adjusted_closes() for series in (older, newer)]
    if all(known):
        closes = {bar.day: bar.adjusted_close for series in (older, newer) for bar in series}
        assert merged.adjusted_closes() == [closes[day] for day in sorted(closes)]
    else:
        assert merged.adjusted_close is None


def _bar(day: date, volume: int = 1) -> Bar:
    price = Decimal(day.day)
    return Bar(ticker="IBM", day=day, open=price, high=price, low=price, close=price, volume=volume)


def _without_adjusted(bar: Bar) -> Bar:
    return bar.model_copy(update={"adjusted_close": None})
