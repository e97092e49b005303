import re
from array import array
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signal9_core.domain.prices import (
    PRICE_COLUMNS,
    Bar,
    PriceSeries,
    decimals_of,
    find_invalid_bar,
)

from ..strategies import bars, price_series, walk

DAY = date(2013, 3, 1)


def flat(day: date, price: str, **more: object) -> Bar:
    """A bar of one price."""
    prices = dict.fromkeys(PRICE_COLUMNS, price)
    return Bar.model_validate({"ticker": "IBM", "day": day, "volume": 1, **prices, **more})


@pytest.mark.parametrize("column", ["open", "close"])
@settings(deadline=None, max_examples=25)
@given(bar=bars(), excess=st.decimals("0.0001", 10, places=4))
def test_a_bar_outside_its_own_range_is_refused(column: str, bar: Bar, excess: Decimal) -> None:
    for beyond in (bar.high + excess, bar.low - excess):
        with pytest.raises(ValidationError, match=f"{bar.ticker} on {bar.day}: open or close"):
            Bar.model_validate(bar.model_dump(by_alias=False) | {column: beyond})


@settings(deadline=None, max_examples=25)
@given(st.integers(-(10**12), 10**12), st.integers(-3, 12))
def test_decimals_are_counted_without_trailing_zeros(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)

    needed = decimals_of(value)

    assert value == round(value, needed)
    assert needed == 0 or value != round(value, needed - 1)


@settings(deadline=None, max_examples=50)
@given(price_series(), st.randoms(use_true_random=False))
def test_bars_in_any_order_come_back_exactly_oldest_first(
    series: PriceSeries, random: Random
) -> None:
    shuffled = list(series)
    random.shuffle(shuffled)

    again = PriceSeries.from_bars(series.ticker, shuffled, currency=series.currency)

    assert again == series
    assert list(again) == sorted(shuffled, key=lambda bar: bar.day)


@settings(deadline=None, max_examples=50)
@given(price_series(min_size=1))
def test_columns_and_rows_hold_the_same(series: PriceSeries) -> None:
    rows = list(series)

    for column in PRICE_COLUMNS:
        assert series.prices(column) == [getattr(bar, column) for bar in rows]
        assert series.price(column, -1) == getattr(rows[-1], column)
    assert list(series.volume) == [bar.volume for bar in rows]
    assert (series.day(-1), series.bar(-1), len(series)) == (rows[-1].day, rows[-1], len(rows))


@settings(deadline=None, max_examples=50)
@given(price_series(), st.integers(-10, 450), st.integers(-10, 450))
def test_parts_hold_the_bars_of_their_days_or_positions(
    series: PriceSeries, first: int, last: int
) -> None:
    start = series.day(0) if len(series) else DAY
    lower, upper = start + timedelta(first), start + timedelta(last)
    every = list(series)

    assert list(series.between(lower, upper)) == [bar for bar in every if lower <= bar.day <= upper]
    assert list(series.between(lower)) == [bar for bar in every if bar.day >= lower]
    assert list(series.between(None, upper)) == [bar for bar in every if bar.day <= upper]
    assert series.between() == series
    assert list(series.slice(abs(first), abs(last))) == every[abs(first) : abs(last)]
    assert list(series.take(range(0, len(series), 3))) == every[::3]


@settings(deadline=None, max_examples=25)
@given(price_series(), st.integers(0, 4))
def test_finer_units_change_no_price(series: PriceSeries, more: int) -> None:
    finer = series.rescaled(series.scale + more)

    assert list(finer) == list(series)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: PriceSeries.from_bars("IBM", [flat(DAY, "1")] * 2), "2013-03-01 occurs twice"),
        (lambda: replace(walk(3, "IBM"), volume=array("q", [1])), "columns differ in length"),
        (
            lambda: replace(walk(3, "IBM"), days=array("i", [735_003, 735_001, 735_002])),
            "2013-05-13 is out of order",
        ),
    ],
)
def test_what_cannot_be_a_series_is_refused(make: Callable[[], object], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^IBM: {problem}"):
        make()


def test_a_price_reads_with_two_decimals_or_as_many_more_as_it_needs() -> None:
    texts = ["702.10", "702", "0.0653", "702.1230"]
    rows = [flat(DAY + timedelta(at), text) for at, text in enumerate(texts)]

    series = PriceSeries.from_bars("IBM", rows)

    assert list(map(str, series.prices("close"))) == ["702.10", "702.00", "0.0653", "702.123"]


def closes(*prices: str) -> PriceSeries:
    return PriceSeries.from_bars(
        "IBM", [flat(DAY + timedelta(at), price) for at, price in enumerate(prices)]
    )


@pytest.mark.parametrize(
    ("series", "splits", "problem"),
    [
        (closes("1", "999", "1.5"), None, "plausible"),
        (closes("1", "1001"), None, "2013-03-02: close 1001.00 after 1.00, and no split"),
        (closes("30", "1", "30"), {}, "plausible"),
        (closes("31", "1"), {}, "2013-03-02: close 1.00 after 31.00, and no split"),
        (closes("50", "1"), {(DAY + timedelta(1)).toordinal(): Fraction(50)}, "plausible"),
        (
            replace(closes("2"), high=array("q", [199])),
            None,
            "2013-03-01: 2.00 1.99 2.00 2.00: open or .*",
        ),
        (replace(closes("2"), volume=array("q", [-1])), None, "2013-03-01: .*: below zero"),
        (closes("-2"), None, "2013-03-01: .*: below zero"),
    ],
)
def test_implausible_bars_are_found_and_named(
    series: PriceSeries, splits: dict[int, Fraction] | None, problem: str
) -> None:
    assert re.fullmatch(problem, find_invalid_bar(series, splits) or "plausible")
