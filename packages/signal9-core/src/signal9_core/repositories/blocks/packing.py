"""Columns of small numbers: the lowest bits side by side as they are, what is above deflated.

The lowest bits of prices are noise, which no compressor makes smaller; what is left above them is
mostly 0, 1 or 2 in every column, so that one Huffman table serves all of them.
"""

import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from ...errors import StoreError
from .lanes import join_fields, lanes_of_bytes, spread
from .varints import Reader, varint

__all__ = ["pack", "unpack"]

_RAW: Final = -zlib.MAX_WBITS
_TOP: Final = 255
_MOSTLY: Final = 0.7


class _Split(NamedTuple):
    """A column in two: how many low bits, those bits, a byte each above them, and exceptions."""

    width: int
    low: int
    high: bytes
    exceptions: list[tuple[int, int]]


def pack(columns: Sequence[Sequence[int]]) -> bytes:
    """Return columns of equal length, of numbers that lanes hold."""
    count = len(columns[0])
    splits = [_split(column) for column in columns]
    low, at = 0, 0
    for split in splits:
        low |= split.low << at
        at += split.width * count
    head = b"".join(_head(split) for split in splits)
    return head + low.to_bytes((at + 7) // 8, "little") + _deflated(splits)


def unpack(reader: Reader, columns: int, count: int) -> list[int]:
    """Return the lanes of that many columns; `StoreError` where they are not all there."""
    heads = [(reader.number(), reader.numbers()) for _ in range(columns)]
    bits = sum(width for width, _ in heads) * count
    low = int.from_bytes(reader.raw((bits + 7) // 8), "little")
    high = _inflated(reader.rest(), columns * count)
    lanes = []
    for at, (width, exceptions) in enumerate(heads):
        field_bits = width * count
        fields = low & ((1 << field_bits) - 1)
        low >>= field_bits
        above = lanes_of_bytes(high[at * count : (at + 1) * count])
        for where, extra in zip(exceptions[::2], exceptions[1::2], strict=True):
            above += extra << 64 * where
        lanes.append(spread(fields, width, count) | above << width)
    return lanes


def _split(column: Sequence[int]) -> _Split:
    width = _width(column)
    mask = (1 << width) - 1
    above = [value >> width for value in column]
    exceptions = [(at, each - _TOP) for at, each in enumerate(above) if each > _TOP]
    low = join_fields((value & mask for value in column), width)
    return _Split(width, low, bytes(min(each, _TOP) for each in above), exceptions)


def _width(column: Sequence[int]) -> int:
    """Return how many low bits to keep apart: few enough for the rest to tell something."""
    typical = sorted(column)[len(column) // 2]
    if column.count(typical) > len(column) * _MOSTLY:
        return 0  # runs of one number deflate to almost nothing
    typical = sum(column) // len(column)
    return max(0, typical.bit_length() - 2)


def _head(split: _Split) -> bytes:
    flat = [number for exception in split.exceptions for number in exception]
    return b"".join(map(varint, (split.width, len(flat), *flat)))


def _deflated(splits: Sequence[_Split]) -> bytes:
    # Longer matches than runs are chance here, and make the table of all symbols larger.
    deflate = zlib.compressobj(9, zlib.DEFLATED, _RAW, 9, zlib.Z_RLE)
    return deflate.compress(b"".join(split.high for split in splits)) + deflate.flush()


def _inflated(deflated: bytes, size: int) -> bytes:
    inflate = zlib.decompressobj(_RAW)
    try:
        found = inflate.decompress(deflated, size + 1)
    except zlib.error as error:
        raise StoreError(f"its columns cannot be inflated: {error}") from error
    if len(found) != size or not inflate.eof or inflate.unused_data:
        raise StoreError(f"its columns inflate to {len(found)} bytes instead of {size}")
    return found
