"""A whole history as one stream of bytes, for a general compressor to do its best with."""

from collections.abc import Sequence
from math import gcd

from signal9_core.domain import PRICE_COLUMNS, PriceSeries
from signal9_core.repositories.blocks.factors import factors_of

__all__ = ["bare"]


def bare(series: PriceSeries) -> bytes:
    """Return all that a series holds, its columns against one another, seven bits a byte."""
    opens, highs, lows, closes = (getattr(series, name) for name in PRICE_COLUMNS)
    adjusted = series.adjusted_close or closes
    factors = factors_of(closes, adjusted)
    lengths, values = zip(*factors.runs, strict=True)
    shared = gcd(*series.volume) or 1
    columns: list[Sequence[int]] = [
        _steps(series.days),
        [first - last for first, last in zip(opens, (0, *closes), strict=False)],
        [last - first for first, last in zip(opens, closes, strict=True)],
        [top - max(pair) for top, *pair in zip(highs, opens, closes, strict=True)],
        [min(pair) - bottom for bottom, *pair in zip(lows, opens, closes, strict=True)],
        [shared, *(volume // shared for volume in series.volume)],
        [factors.shift, *lengths, *_steps(values)],
        [wanted - near for wanted, near in zip(adjusted, factors.apply(closes), strict=True)],
    ]
    return b"".join(_number(value) for column in columns for value in column)


def _steps(values: Sequence[int]) -> list[int]:
    return [after - before for before, after in zip((0, *values), values, strict=False)]


def _number(value: int) -> bytes:
    rest, found = (value << 1) ^ (value >> 127), bytearray()
    while rest > 127:
        found.append(rest & 127 | 128)
        rest >>= 7
    return bytes((*found, rest))
