from array import array
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain.prices import LongInterval, PriceSeries
from signal9_core.domain.timeseries import split
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.repositories.price_codec import decode_bars, encode_bars

from ..strategies import walk

RANGES = ((-(2**61), 2**61), (0, 2**63 - 1))
"""What prices may be: anything of 62 bits, or all that columns hold but what is below zero."""


def numbers(least: int, most: int) -> SearchStrategy[int]:
    """Whole numbers of every width."""
    narrow = [st.integers(max(least, -(2**bits)), min(most, 2**bits)) for bits in (8, 31, 62)]
    return st.one_of(*narrow, st.integers(least, most))


@st.composite
def any_series(draw: st.DrawFn) -> PriceSeries:
    """Columns of anything, in any order, multiples of large units among them."""
    gaps = draw(st.lists(st.sampled_from((1, 3, 90, 40_000)), min_size=1, max_size=30))
    count, unit = len(gaps), 10 ** draw(st.integers(0, 4))
    least, most = draw(st.sampled_from(RANGES))

    def column() -> "array[int]":
        each = numbers(least // unit, most // unit)
        values = draw(st.lists(each, min_size=count, max_size=count))
        return array("q", [value * unit for value in values])

    return PriceSeries(
        ticker="AAPL",
        days=array("i", accumulate(gaps)),
        open=column(),
        high=column(),
        low=column(),
        close=column(),
        volume=column(),
        scale=draw(st.integers(0, 18)),
        currency=draw(st.sampled_from(("USD", "JPY"))),
    )


@settings(deadline=None, max_examples=150)
@given(any_series())
def test_every_bar_comes_back_bit_for_bit(series: PriceSeries) -> None:
    decoded = decode_bars("AAPL", encode_bars(series))

    assert decoded.scale <= series.scale
    assert decoded.rescaled(series.scale) == series


def test_a_difference_that_no_column_holds_is_refused() -> None:
    series = replace(walk(2), close=array("q", [-(2**63), 2**63 - 1]))

    with pytest.raises(OverflowError):
        encode_bars(series)


@pytest.mark.parametrize("mask", [1, 16, 128, 255])
def test_damage_to_any_byte_is_found(mask: int) -> None:
    encoded = encode_bars(walk(60))

    for at, byte in enumerate(encoded):
        damaged = encoded[:at] + bytes([byte ^ mask]) + encoded[at + 1 :]
        with pytest.raises(ValueError, match=r"unknown format|wrong checksum"):
            decode_bars("AAPL", damaged)


def test_missing_bytes_are_found() -> None:
    encoded = encode_bars(walk(60))

    for length in range(len(encoded)):
        with pytest.raises(ValueError, match=r"too few|wrong checksum"):
            decode_bars("AAPL", encoded[:length])


@pytest.mark.parametrize("ticker", ["AAPL", "IBM", "MSFT"])
def test_a_bar_takes_about_twelve_bytes_and_a_quarter_fits_a_write_unit(ticker: str) -> None:
    history = SampleProvider().history(ticker)
    assert history is not None
    assert history.bars is not None
    raw = history.bars

    sizes = [len(encode_bars(quarter)) for quarter in split(raw, LongInterval.QUARTER)]

    assert sum(sizes) / len(raw) < 12.5
    assert max(sizes) < 1_000
