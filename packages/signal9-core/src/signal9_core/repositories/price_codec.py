"""Daily bars as bytes, about twelve a bar, exact.

A byte with the format, four with the checksum of what follows, then a deflated body: a header and a
column after the other. A column holds differences (close and open against the close before, high
against the greater and low against the lesser of open and close, days against the day before) or
volumes as they are, in the narrowest integers that hold them all, lowest bytes of all first.
"""

from __future__ import annotations

import sys
from array import array
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from math import gcd
from operator import add, sub
from struct import Struct
from typing import TYPE_CHECKING, Final
from zlib import compress, crc32, decompress

from ..domain.prices import PRICE_COLUMNS, Column, PriceSeries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..domain.model import Ticker

_FORMAT: Final = 2
_FRAME: Final = Struct("<BI")
"""The format, and the checksum of the deflated body."""

_HEADER: Final = Struct("<3sHBiq")
"""Currency, number of bars, scale, first day and close."""

_RAW_DEFLATE: Final = -15
_CENTS: Final = 2
_TYPES: Final = {array(code).itemsize: code for code in "bhiq"}


def encode_bars(series: PriceSeries) -> bytes:
    """Return daily bars, at least one, as bytes; `OverflowError` if a difference is too large."""
    series = _coarsest(series)
    header = _HEADER.pack(
        series.currency.encode(), len(series), series.scale, series.days[0], series.close[0]
    )
    columns = b"".join(map(_pack, _differences(series)))
    deflated = compress(header + columns, level=9, wbits=_RAW_DEFLATE)
    return _FRAME.pack(_FORMAT, crc32(deflated)) + deflated


def decode_bars(ticker: Ticker, encoded: bytes) -> PriceSeries:
    """Return the bars that were encoded; `ValueError` if the bytes are damaged."""
    if len(encoded) < _FRAME.size:
        raise ValueError(f"{len(encoded)} bytes are too few")
    version, checksum = _FRAME.unpack_from(encoded)
    deflated = encoded[_FRAME.size :]
    if version != _FORMAT:
        raise ValueError(f"unknown format {version}")
    if crc32(deflated) != checksum:
        raise ValueError("wrong checksum")
    return _read(ticker, decompress(deflated, wbits=_RAW_DEFLATE))


def _coarsest(series: PriceSeries) -> PriceSeries:
    """Return the series in the largest unit, at most a cent, that keeps its prices exact."""
    prices: list[Column] = [getattr(series, name) for name in PRICE_COLUMNS]
    common, unit, scale = gcd(*(gcd(*column) for column in prices)), 1, series.scale
    while scale > _CENTS and common % (unit * 10) == 0:
        unit, scale = unit * 10, scale - 1
    opens, highs, lows, closes = (
        array("q", [price // unit for price in column]) for column in prices
    )
    return replace(series, open=opens, high=highs, low=lows, close=closes, scale=scale)


def _differences(series: PriceSeries) -> Iterator[Sequence[int]]:
    opens, closes = series.open, series.close
    closes_before = [closes[0], *closes[:-1]]
    yield list(map(sub, series.days, [series.days[0], *series.days[:-1]]))
    yield list(map(sub, closes, closes_before))
    yield list(map(sub, opens, closes_before))
    yield list(map(sub, series.high, map(max, opens, closes)))
    yield list(map(sub, map(min, opens, closes), series.low))
    yield series.volume


def _read(ticker: Ticker, body: bytes) -> PriceSeries:
    currency, count, scale, day, close = _HEADER.unpack_from(body)
    columns = _unpack_all(body[_HEADER.size :], count)
    days, close_changes, open_changes, above, below, volume = columns
    closes = list(accumulate(close_changes, initial=close))
    opens = list(map(add, open_changes, closes))
    del closes[0]
    return PriceSeries(
        ticker=ticker,
        days=array("i", accumulate(days, initial=day))[1:],
        open=array("q", opens),
        high=array("q", map(add, above, map(max, opens, closes))),
        low=array("q", map(sub, map(min, opens, closes), below)),
        close=array("q", closes),
        volume=array("q", volume),
        scale=scale,
        currency=currency.decode(),
    )


def _pack(values: Sequence[int]) -> bytes:
    """Return a byte with the width of the values, then their lowest bytes, the next ones, ..."""
    column = _narrowest(values)
    if sys.byteorder == "big":
        column.byteswap()
    whole, width = column.tobytes(), column.itemsize
    return bytes([width]) + b"".join(whole[plane::width] for plane in range(width))


def _narrowest(values: Sequence[int]) -> Column:
    for code in "bhi":
        with suppress(OverflowError):
            return array(code, values)
    return array("q", values)


def _unpack_all(packed: bytes, count: int) -> Iterator[Column]:
    start = 0
    while start < len(packed):
        width = packed[start]
        stop = start + 1 + width * count
        whole = bytearray(width * count)
        for plane in range(width):
            first = start + 1 + plane * count
            whole[plane::width] = packed[first : first + count]
        column = array(_TYPES[width], bytes(whole))
        if sys.byteorder == "big":
            column.byteswap()
        yield column
        start = stop
