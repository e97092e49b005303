from array import array
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import IntradayInterval, PriceSeries, rescaled
from signal9_core.errors import StoreError
from signal9_core.repositories.blocks.block import read_block, written_block

from ..strategies import price_series, walk

_LARGEST = 2**63 - 1


def again(series: PriceSeries) -> PriceSeries:
    """Return what a block gives back of the series that was put into it."""
    block = read_block(written_block(series))
    scale = max(series.scale, block.scale)
    return PriceSeries(
        ticker=series.ticker,
        interval=series.interval,
        scale=scale,
        adjusted_scale=block.adjusted_scale,
        currency=block.currency,
        **block.columns(scale),
    )


@st.composite
def odd_series(draw: st.DrawFn) -> PriceSeries:
    """Any columns that a series can have, whether or not they make sense."""
    whole = st.integers(-_LARGEST, _LARGEST) | st.integers(0, 10**6)
    count = draw(st.integers(1, 12))

    def column() -> "array[int]":
        return array("q", draw(st.lists(whole, min_size=count, max_size=count)))

    days = draw(st.lists(st.integers(1, 3_000_000), min_size=count, max_size=count, unique=True))
    minutes = draw(st.none() | st.lists(st.integers(0, 2000), min_size=count, max_size=count))
    return PriceSeries(
        ticker="ODD",
        days=array("i", sorted(days)),
        open=column(),
        high=column(),
        low=column(),
        close=column(),
        volume=column(),
        scale=draw(st.integers(0, 18)),
        adjusted_close=column() if draw(st.booleans()) else None,
        adjusted_scale=draw(st.integers(0, 18)),
        interval=IntradayInterval.ONE_MINUTE,
        minutes=None if minutes is None else array("h", minutes),
    )


@settings(deadline=None, max_examples=60)
@given(price_series(min_size=1, max_size=60))
def test_a_block_gives_back_exactly_what_was_put_into_it(series: PriceSeries) -> None:
    assert again(series) == series


@settings(deadline=None, max_examples=80)
@given(odd_series())
def test_a_block_gives_back_exactly_what_makes_no_sense(series: PriceSeries) -> None:
    if series.adjusted_close is None:
        series = replace(series, adjusted_scale=2)

    assert again(series) == series


@pytest.mark.parametrize("digits", [0, 1, 3, 14])
def test_adjusted_closes_come_back_however_they_were_rounded(digits: int) -> None:
    closes = walk(100).close
    # A factor that changes, and an error in the last digits as floating point leaves it.
    exact = [close * 10**digits * (61 if at < 40 else 62) // 97 for at, close in enumerate(closes)]
    adjusted = array("q", [each + at % 7 * (digits == 14) for at, each in enumerate(exact)])
    series = replace(walk(100), adjusted_close=adjusted, adjusted_scale=2 + digits)

    assert again(series) == series


def test_minutes_within_days_come_back_with_their_days() -> None:
    minutes = [780 + 5 * at for at in range(78)] + [1435, 1440, 1500]
    count = len(minutes)
    series = replace(
        walk(2 * count, adjusted=False),
        interval=IntradayInterval.FIVE_MINUTES,
        days=array("i", [*[738000] * count, *[738001] * count]),
        minutes=array("h", 2 * minutes),
    )

    assert again(series) == series
    assert len(written_block(series)) < len(written_block(walk(2 * count, adjusted=False))) + 60


def test_sparse_decimals_cost_little() -> None:
    cents = walk(120)
    finer = replace(
        cents,
        scale=4,
        open=rescaled(cents.open, 2),
        high=rescaled(cents.high, 2),
        low=rescaled(cents.low, 2),
        close=rescaled(cents.close, 2),
    )
    finer.high[50] += 35

    size = len(written_block(finer))

    assert size < len(written_block(cents)) + 30


@settings(deadline=None, max_examples=15)
@given(price_series("IBM", min_size=1, max_size=8), st.integers(1, 255))
def test_every_damaged_byte_is_refused(series: PriceSeries, flipped: int) -> None:
    whole = written_block(series)

    for at, byte in enumerate(whole):
        damaged = whole[:at] + bytes([byte ^ flipped]) + whole[at + 1 :]
        with pytest.raises(StoreError):
            read_block(damaged)


def test_a_block_that_ends_too_early_is_refused() -> None:
    whole = written_block(walk(20))

    for size in range(len(whole)):
        with pytest.raises(StoreError):
            read_block(whole[:size])


def test_a_block_of_an_unknown_format_says_so() -> None:
    with pytest.raises(StoreError, match="its format is 07, which is not known here"):
        read_block(b"\7" + written_block(walk(3))[1:])


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("series", [walk(3), replace(walk(3), scale=19)], ids=["packed", "plain"])
def test_ends_and_a_currency_come_back_with_the_bars(series: PriceSeries, count: int) -> None:
    ends = (735_000, 736_000, 736_001, 800_000)[:count]

    block = read_block(written_block(replace(series, currency="EUR"), ends))

    assert (block.ends, block.currency) == (ends, "EUR")
    assert date.fromordinal(block.columns(series.scale)["days"][0]) == series.day(0)


def test_prices_too_large_for_the_precision_that_is_asked_for_are_refused() -> None:
    block = read_block(written_block(walk(3)))

    with pytest.raises(StoreError, match="too many digits"):
        block.columns(18)
