"""Columns of whole numbers, and questions about all of them at once.

A column is one large integer to CPython when its bytes are taken as such: to compare two columns
costs one subtraction. That holds for numbers from 0 up to half of what their type can hold.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from operator import ge
from sys import byteorder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Column = array[int]
else:
    Column = array  # generic only from Python 3.12 on

__all__ = ["Column", "ascending", "chained", "none_above", "none_below_zero", "rescaled"]


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
        return none_above(values[:-1], values[1:]) and len(set(values)) == len(values)
    return not any(map(ge, values, islice(values, 1, None)))


def none_above(lower: Column, upper: Column, times: int = 1) -> bool:
    """Tell whether each number is at most so many times the one beside it."""
    small, large = _whole(lower), _whole(upper)
    if (small & _tops(upper, 1)) | (large & _tops(upper, times.bit_length())):
        return all(low <= high * times for low, high in zip(lower, upper, strict=True))
    # The top bit of each number is lent to it, and still there if it was not needed.
    tops = _tops(upper, 1)
    return (large * times | tops) - small & tops == tops


def none_below_zero(column: Column) -> bool:
    """Tell whether no number has a sign."""
    return not _whole(column) & _tops(column, 1)


def _whole(column: Column) -> int:
    return int.from_bytes(column.tobytes(), byteorder)


def _tops(column: Column, bits: int) -> int:
    """Return the highest bits of every number in a column."""
    return _repeated((1 << bits) - 1 << 8 * column.itemsize - bits, column.itemsize, len(column))


@lru_cache(maxsize=8)
def _repeated(number: int, size: int, count: int) -> int:
    return int.from_bytes(number.to_bytes(size, byteorder) * count, byteorder)
