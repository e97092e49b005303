"""Many small numbers side by side in one large integer, so that one operation works on all.

A lane is 64 bits wide, the first number in the lowest. CPython adds, masks and shifts integers of
a thousand bytes about as fast as it runs two lines of Python.
"""

from array import array
from collections.abc import Iterable
from functools import lru_cache
from sys import byteorder
from typing import Final

from ...domain import Column
from ...errors import StoreError

__all__ = [
    "LANE_LIMIT",
    "LONGEST",
    "STEP_LIMIT",
    "column_of",
    "every",
    "join_fields",
    "lanes_of_bytes",
    "part",
    "ramp",
    "running_sums",
    "scaled",
    "shifted",
    "signs",
    "spread",
    "times_fraction",
]

_WIDTH: Final = 64
_NARROW: Final = 16
_BYTES: Final = _WIDTH // 8

LANE_LIMIT: Final = 1 << (_WIDTH - 1)
"""What a number in a lane must stay below."""

STEP_LIMIT: Final = 1 << 50
"""What a number must stay below so that `LONGEST` of them, and as many of these, can be added."""

LONGEST: Final = 1 << 11
"""How many lanes there may be where their numbers are added."""


@lru_cache(maxsize=64)
def every(count: int) -> int:
    """Return a one in each of `count` lanes; times a number, it is that number in each."""
    return int.from_bytes((b"\1" + bytes(_BYTES - 1)) * count, "little")


def join_fields(values: Iterable[int], width: int) -> int:
    """Return numbers below `2 ** width` side by side without gaps, the first one lowest."""
    if not width:
        return 0
    digits = [f"{value:0{width}b}" for value in values]
    return int("".join(reversed(digits)) or "0", 2)


def spread(fields: int, width: int, count: int) -> int:
    """Return fields of `width` bits that stand side by side, each in a lane of its own."""
    if not width:
        return 0
    if width > _NARROW:
        return _spread(fields, width, count, _WIDTH)
    # Narrow lanes are soon reached, and two copies of bytes make wide ones of them.
    narrow = _spread(fields, width, count, _NARROW).to_bytes(2 * count, "little")
    lanes = bytearray(_BYTES * count)
    lanes[::_BYTES] = narrow[::2]
    lanes[1::_BYTES] = narrow[1::2]
    return int.from_bytes(lanes, "little")


def _spread(fields: int, width: int, count: int, lane: int) -> int:
    """Move the upper half of all fields to where it belongs, then that of each half, and so on."""
    for shift, mask in _steps(width, lane, (count - 1).bit_length()):
        lower = fields & mask
        fields = lower | (fields ^ lower) << shift
    return fields


@lru_cache(maxsize=256)
def _steps(width: int, lane: int, levels: int) -> tuple[tuple[int, int], ...]:
    """Return, for each step, how far upper halves move, and where the lower halves stand."""
    steps = []
    for level in reversed(range(levels)):
        half = 1 << level
        lower = ((1 << half * width) - 1).to_bytes(2 * half * lane // 8, "little")
        mask = int.from_bytes(lower * (1 << levels - level - 1), "little")
        steps.append((half * (lane - width), mask))
    return tuple(steps)


def lanes_of_bytes(values: bytes) -> int:
    """Return each byte in a lane of its own."""
    lanes = bytearray(_BYTES * len(values))
    lanes[::_BYTES] = values
    return int.from_bytes(lanes, "little")


def signs(lanes: int, count: int) -> tuple[int, int]:
    """Undo `zigzag` in every lane: return sizes, and those of numbers below zero once more."""
    negative = lanes & every(count)
    sizes = (lanes ^ negative) >> 1
    return sizes, sizes & (negative << _WIDTH) - negative


def shifted(lanes: int, count: int) -> int:
    """Return every number one lane further up, without the last one."""
    return lanes << _WIDTH & _full(count)


def running_sums(lanes: int, count: int) -> int:
    """Return in every lane the sum of all up to it: of two, then four, then eight."""
    full, by = _full(count), _WIDTH
    while by < _WIDTH * count:
        lanes += lanes << by & full
        by <<= 1
    return lanes


def times_fraction(lanes: int, count: int, factor: int, shift: int) -> int:
    """Return every number times `factor / 2 ** shift`, rounded half up.

    Products need more than a lane: every other number is multiplied at a time.
    """
    even, half = _even(count), _even_ones(count) << shift >> 1
    lower = (((lanes & even) * factor + half) >> shift) & even
    upper = (((lanes >> _WIDTH & even) * factor + half) >> shift) & even
    return lower | upper << _WIDTH & _full(count)


@lru_cache(maxsize=64)
def ramp(count: int) -> int:
    """Return one, two, three and so on in the lanes."""
    return running_sums(every(count), count)


@lru_cache(maxsize=64)
def _full(count: int) -> int:
    return (1 << _WIDTH * count) - 1


@lru_cache(maxsize=64)
def _even_ones(count: int) -> int:
    one = b"\1" + bytes(2 * _BYTES - 1)
    return int.from_bytes(one * ((count + 1) // 2), "little")


@lru_cache(maxsize=64)
def _even(count: int) -> int:
    return _even_ones(count) * ((1 << _WIDTH) - 1)


def part(lanes: int, start: int, stop: int) -> int:
    """Return lanes from `start` up to but not including `stop`."""
    return lanes >> _WIDTH * start & _full(stop - start)


def column_of(lanes: int, count: int) -> Column:
    """Return what stands in the lanes as a column."""
    column = array("q", lanes.to_bytes(_BYTES * count, "little"))
    if byteorder == "big":
        column.byteswap()
    return column


def scaled(lanes: int, count: int, unit: int) -> int:
    """Return every number times `unit`; `StoreError` where one may grow out of its lane."""
    if unit == 1:
        return lanes
    room = (LANE_LIMIT - 1) // unit
    if lanes & every(count) * (LANE_LIMIT - (1 << room.bit_length() - 1)):
        raise StoreError("its prices have too many digits for the precision that is asked for")
    return lanes * unit
