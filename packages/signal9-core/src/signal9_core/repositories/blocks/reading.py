"""From a block to columns. There is no loop over bars here: all bars are worked out in lanes.

What is in a lane is never below zero, nor is any result; so sums and differences of whole integers
are those of their lanes, and nothing is carried from one lane to the next.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from ...domain import PRICE_COLUMNS, Column
from .calendar import weekdays
from .factors import Factors
from .header import Flag, Header
from .lanes import (
    STEP_LIMIT,
    column_of,
    every,
    part,
    ramp,
    running_sums,
    scaled,
    shifted,
    signs,
    times_fraction,
)
from .packing import unpack
from .varints import Reader, unzigzag

__all__ = ["read_columns"]

_COLUMNS: Final = 5
_VOLUME: Final = 4
_CENTS: Final = 2


def read_columns(header: Header, reader: Reader, scale: int) -> dict[str, Column]:
    """Return the columns of a `PriceSeries`, prices in units of `10 ** -scale`."""
    flags, count = header.flags, header.count
    fractions = len(PRICE_COLUMNS) if flags & Flag.FRACTIONS else 0
    extra = (flags & (Flag.REMAINDERS | Flag.GAPS | Flag.MINUTES)).bit_count()
    lanes = unpack(reader, _COLUMNS + fractions + extra, count)
    rest = iter(lanes[_COLUMNS + fractions :])
    prices = _prices(lanes, header)
    unit = 10 ** (scale - header.scale)
    columns = {
        name: column_of(scaled(each, count, unit), count)
        for name, each in zip(PRICE_COLUMNS, prices, strict=True)
    }
    volume = (lanes[_VOLUME] + every(count) * header.base) * header.divisor
    columns["volume"] = column_of(volume, count)
    if flags & Flag.ADJUSTED:
        columns["adjusted_close"] = column_of(_adjusted(rest, header, prices[-1]), count)
    columns["days"] = _days(rest, header)
    if flags & Flag.MINUTES:
        columns["minutes"] = _minutes(rest, header)
    return columns


def _prices(lanes: Sequence[int], header: Header) -> tuple[int, int, int, int]:
    """Return open, high, low and close."""
    count, ones = header.count, every(header.count)
    (gap, gap_down), (body, body_down) = (signs(each, count) for each in lanes[:2])
    steps = gap + shifted(body, count) - 2 * (gap_down + shifted(body_down, count))
    # Added to every step, so that none is below zero, and taken away from the sums.
    path = running_sums(steps + ones * STEP_LIMIT, count)
    opens = path + ones * header.reference - ramp(count) * STEP_LIMIT
    highs = opens + body - body_down + lanes[2]
    lows = opens - body_down - lanes[3]
    closes = opens + body - 2 * body_down
    if not header.flags & Flag.FRACTIONS:
        return opens, highs, lows, closes
    cent = 10 ** (header.scale - _CENTS)
    at, last = _COLUMNS, _COLUMNS + len(PRICE_COLUMNS)
    cents = zip((opens, highs, lows, closes), lanes[at:last], strict=True)
    opens, highs, lows, closes = (each * cent + fraction for each, fraction in cents)
    return opens, highs, lows, closes


def _adjusted(lanes: Iterator[int], header: Header, closes: int) -> int:
    near = _times(closes, header.factors)
    if not header.flags & Flag.REMAINDERS:
        return near
    remainders, below = signs(next(lanes), header.count)
    return near + remainders - 2 * below


def _times(closes: int, factors: Factors) -> int:
    near = at = 0
    for length, factor in factors.runs:
        some = part(closes, at, at + length)
        near |= times_fraction(some, length, factor, factors.shift) << 64 * at
        at += length
    return near


def _days(lanes: Iterator[int], header: Header) -> Column:
    if not header.flags & Flag.GAPS:
        return weekdays(header.first_day, header.count, header.missing)
    gaps = column_of(next(lanes), header.count)
    gaps[0] = header.first_day
    return array("i", accumulate(gaps))


def _minutes(lanes: Iterator[int], header: Header) -> Column:
    steps = [unzigzag(each) for each in column_of(next(lanes), header.count)]
    return array("h", accumulate([header.first_minute, *steps[1:]]))
