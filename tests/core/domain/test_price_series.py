from array import array
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import PRICE_COLUMNS, Bar, PriceSeries

from ..strategies import bars, price_series

DAY = date(2013, 3, 1)


@settings(deadline=None, max_examples=50)
@given(price_series(), st.randoms(use_true_random=False))
def test_bars_in_any_order_come_back_exactly_oldest_first(
    series: PriceSeries,
    random: Random,
) -> None:
    given_bars = list(series)
    random.shuffle(given_bars)

    again = PriceSeries.from_bars(series.ticker, given_bars, currency=series.currency)

    assert again == series
    assert list(again) == sorted(given_bars, key=lambda bar: bar.day)


@settings(deadline=None, max_examples=50)
@given(price_series(min_size=1))
def test_columns_and_rows_tell_the_same(series: PriceSeries) -> None:
    rows = list(series)

    for column in PRICE_COLUMNS:
        assert series.prices(column) == [getattr(bar, column) for bar in rows]
        assert series.price(column, -1) == getattr(rows[-1], column)
    assert series.adjusted_closes() == [bar.adjusted_close for bar in rows]
    assert list(series.volume) == [bar.volume for bar in rows]
    assert series.day(-1) == rows[-1].day
    assert series.bar(-1) == rows[-1]
    assert len(series) == len(rows)


@settings(deadline=None, max_examples=50)
@given(price_series(), st.integers(-10, 450), st.integers(-10, 450))
def test_between_gives_the_bars_of_its_days_both_included(
    series: PriceSeries, first: int, last: int
) -> None:
    start = series.day(0) if len(series) else DAY
    lower, upper = start + timedelta(first), start + timedelta(last)

    found = series.between(lower, upper)

    assert list(found) == [bar for bar in series if lower <= bar.day <= upper]
    assert list(series.between(lower)) == [bar for bar in series if bar.day >= lower]
    assert list(series.between(None, upper)) == [bar for bar in series if bar.day <= upper]
    assert series.between() == series


@settings(deadline=None, max_examples=50)
@given(price_series(), st.integers(0, 45), st.integers(0, 45))
def test_a_slice_gives_the_bars_at_its_positions(
    series: PriceSeries, start: int, stop: int
) -> None:
    assert list(series.slice(start, stop)) == list(series)[start:stop]


@settings(deadline=None, max_examples=50)
@given(price_series(min_size=1, adjusted=True))
def test_adjusting_scales_every_bar_by_its_adjusted_close(series: PriceSeries) -> None:
    adjusted = series.adjusted()

    unit = Decimal(1).scaleb(-series.adjusted_scale)
    assert adjusted.volume == series.volume
    assert adjusted.days == series.days
    for raw, bar in zip(series, adjusted, strict=True):
        assert raw.adjusted_close is not None
        assert bar.close == bar.adjusted_close == raw.adjusted_close
        for column in ("open", "high", "low"):
            exact = getattr(raw, column) * raw.adjusted_close / raw.close
            assert abs(getattr(bar, column) - exact) <= unit / 2


@settings(deadline=None, max_examples=25)
@given(price_series(min_size=1, adjusted=True))
def test_adjusting_twice_is_adjusting_once(series: PriceSeries) -> None:
    assert series.adjusted().adjusted() == series.adjusted()


def test_prices_on_a_day_without_a_price_adjust_to_nothing() -> None:
    nothing = Decimal(0)
    bar = Bar(
        ticker="IBM",
        day=DAY,
        open=nothing,
        high=Decimal(1),
        low=nothing,
        close=nothing,
        volume=0,
        adjusted_close=nothing,
    )

    adjusted = PriceSeries.from_bars("IBM", [bar]).adjusted()

    assert adjusted.bar(0).high == 0


@settings(deadline=None, max_examples=25)
@given(price_series(min_size=1, adjusted=False))
def test_a_series_without_adjusted_closes_cannot_be_adjusted(series: PriceSeries) -> None:
    with pytest.raises(ValueError, match=f"{series.ticker}: no adjusted closes are known"):
        series.adjusted()


@settings(deadline=None, max_examples=25)
@given(bars("IBM", DAY), bars("IBM", DAY))
def test_a_day_that_occurs_twice_is_refused(one: Bar, other: Bar) -> None:
    pair = [each.model_copy(update={"adjusted_close": None}) for each in (one, other)]

    with pytest.raises(ValueError, match="IBM: 2013-03-01 occurs twice"):
        PriceSeries.from_bars("IBM", pair)


@settings(deadline=None, max_examples=25)
@given(bars("IBM", DAY, adjusted=True), bars("IBM", date(2013, 2, 28), adjusted=False))
def test_adjusted_closes_are_known_for_all_bars_or_none(with_one: Bar, without: Bar) -> None:
    with pytest.raises(
        ValueError, match="IBM: some bars have an adjusted close and some have none"
    ):
        PriceSeries.from_bars("IBM", [with_one, without])


@settings(deadline=None, max_examples=25)
@given(price_series(min_size=1))
def test_columns_of_different_length_are_refused(series: PriceSeries) -> None:
    with pytest.raises(ValueError, match=f"{series.ticker}: columns differ in length"):
        replace(series, volume=series.volume[:-1])


@settings(deadline=None, max_examples=25)
@given(price_series("IBM", min_size=2))
def test_days_out_of_order_are_refused(series: PriceSeries) -> None:
    with pytest.raises(ValueError, match="out of order"):
        replace(series, days=array("i", reversed(series.days)))


def test_a_price_reads_with_two_decimals_or_as_many_more_as_it_needs() -> None:
    texts = ["702.10", "702", "0.0653", "702.1230"]
    texts_read = ["702.10", "702.00", "0.0653", "702.123"]
    rows = [_flat(DAY + timedelta(at), Decimal(text)) for at, text in enumerate(texts)]

    series = PriceSeries.from_bars("AAPL", rows)

    assert [str(price) for price in series.prices("close")] == texts_read


def test_an_empty_series_is_a_series() -> None:
    nothing = PriceSeries.from_bars("IBM", [])

    assert len(nothing) == 0
    assert list(nothing) == []
    assert nothing.between(DAY, DAY) == nothing
    assert nothing.adjusted_closes() == []


def _flat(day: date, price: Decimal) -> Bar:
    return Bar(ticker="AAPL", day=day, open=price, high=price, low=price, close=price, volume=1)
