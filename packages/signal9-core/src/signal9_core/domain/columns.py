"""Columns of whole numbers, and questions about all of them at once.

A column is one large integer to CPython when its bytes are taken as such: to compare two columns
costs one subtraction. That holds for numbers from 0 up to half of what their type can hold.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from operator import ge
from struct import error as struct_error
from struct import pack
from sys import byteorder
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    Column = array[int]
else:
    Column = array  # generic only from Python 3.12 on

__all__ = [
    "Column",
    "all_of_bits",
    "ascending",
    "chained",
    "column_of",
    "none_above",
    "none_apart",
    "none_below_zero",
    "none_outside",
    "rescaled",
]


def column_of(numbers: Sequence[int], kind: Literal["h", "i", "q"] = "q") -> Column:
    """Return numbers as a column; `OverflowError` where one is too large for its kind."""
    if isinstance(numbers, array) and numbers.typecode == kind:
        return numbers
    try:
        # Packing all at once takes a third of the time that an array of its own accord takes.
        return array(kind, pack(f"{len(numbers)}{kind}", *numbers))
    except struct_error as error:
        raise OverflowError("a number is too large to be kept") from error


def rescaled(values: Column, by: int) -> Column:
    """Return a column in finer units: every value times `10 ** by`."""
    return values[:] if by == 0 else array("q", [value * 10**by for value in values])


def chained(columns: Sequence[Column]) -> Column:
    """Return columns, at least one, put after one another."""
    whole = columns[0][:]
    for column in columns[1:]:
        whole.extend(column)
    return whole


def ascending(values: Sequence[int]) -> bool:
    """Tell whether every value is greater than the one before."""
    if len(values) < 2:  # noqa: PLR2004  # one value is in order
        return True
    if isinstance(values, array):
        return none_above(values[:-1], values[1:], apart=1)
    return not any(map(ge, values, islice(values, 1, None)))


def none_above(lower: Column, upper: Column, apart: int = 0) -> bool:
    """Tell whether each number, and `apart` more, is at most the one beside it."""
    small, large = _whole(lower), _whole(upper)
    if (small | large) & _tops(upper):
        return all(low + apart <= high for low, high in zip(lower, upper, strict=True))
    return _fits(small + apart * _ones(upper) if apart else small, large, upper)


def none_apart(column: Column, times: int) -> bool:
    """Tell whether no number is more than so many times the one before or after it."""
    before, after = column[:-1], column[1:]
    first, second = _whole(before), _whole(after)
    if (first | second) & _tops(after, times.bit_length()):
        pairs = zip(before, after, strict=True)
        return all(one <= other * times and other <= one * times for one, other in pairs)
    return _fits(first, second * times, after) and _fits(second, first * times, after)


def none_outside(inner: Sequence[Column], low: Column, high: Column) -> bool:
    """Tell whether each number of each column lies between the two beside it, both included."""
    small, large, inside = _whole(low), _whole(high), [_whole(each) for each in inner]
    tops = _tops(low)
    if any(each & tops for each in (small, large, *inside)):
        return all(none_above(low, each) and none_above(each, high) for each in inner)
    return all(_fits(small, each, low) and _fits(each, large, low) for each in inside)


def none_below_zero(column: Column) -> bool:
    """Tell whether no number has a sign."""
    return all_of_bits(column, 8 * column.itemsize - 1)


def all_of_bits(column: Column, bits: int) -> bool:
    """Tell whether every number is at least 0 and less than `2 ** bits`."""
    return not _whole(column) & _tops(column, 8 * column.itemsize - bits)


def _whole(column: Column) -> int:
    return int.from_bytes(column.tobytes(), byteorder)


def _fits(small: int, large: int, column: Column) -> bool:
    """Tell whether no number of the one is above its like in the other."""
    # The top bit of each number is lent to it, and still there if it was not needed.
    tops = _tops(column)
    return (large | tops) - small & tops == tops


def _ones(column: Column) -> int:
    return _repeated(1, column.itemsize, len(column))


def _tops(column: Column, bits: int = 1) -> int:
    """Return the highest bits of every number in a column."""
    return _repeated((1 << bits) - 1 << 8 * column.itemsize - bits, column.itemsize, len(column))


@lru_cache(maxsize=8)
def _repeated(number: int, size: int, count: int) -> int:
    return int.from_bytes(number.to_bytes(size, byteorder) * count, byteorder)
