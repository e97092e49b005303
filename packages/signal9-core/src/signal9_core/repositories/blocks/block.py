"""A block: a format byte and a checksum, a header, and columns."""

import zlib
from dataclasses import dataclass
from typing import Final

from ...domain import Column, PriceSeries
from ...errors import StoreError
from .header import Flag, Header, read_header
from .plain import read_plain
from .reading import read_columns
from .varints import Reader
from .writing import written_content

__all__ = ["Block", "read_block", "written_block"]

_FORMAT: Final = b"\1"
_CONTENT: Final = 5


@dataclass(frozen=True, slots=True)
class Block:
    """A block that was found to be whole; its bars are worked out when they are asked for.

    From its first end on, the bars are in another block, which goes up to the second end, if any;
    and so on.
    """

    header: Header
    content: Reader

    @property
    def count(self) -> int:
        """How many bars it holds."""
        return self.header.count

    @property
    def scale(self) -> int:
        """How many decimals its prices have."""
        return self.header.scale

    @property
    def adjusted_scale(self) -> int:
        """How many decimals its adjusted closes have."""
        return self.header.adjusted_scale

    @property
    def currency(self) -> str:
        """What its prices are in."""
        return self.header.currency

    @property
    def ends(self) -> tuple[int, ...]:
        """The position that ends it, and those that end the blocks after it; none while open."""
        return self.header.ends

    def columns(self, scale: int) -> dict[str, Column]:
        """Return the columns of a `PriceSeries`, with prices in units of `10 ** -scale`."""
        reader = self.content.again()
        if self.header.flags & Flag.PLAIN:
            return read_plain(self.header, reader, scale)
        return read_columns(self.header, reader, scale)


def written_block(series: PriceSeries, ends: tuple[int, ...] = ()) -> bytes:
    """Return at least one bar as a block."""
    content = written_content(series, ends)
    return _FORMAT + _checksum(content) + content


def read_block(payload: bytes) -> Block:
    """Return a block; `StoreError` says why it is none, or none of a known format."""
    if payload[:1] != _FORMAT:
        raise StoreError(f"its format is {payload[:1].hex() or 'missing'}, which is not known here")
    if payload[1:_CONTENT] != _checksum(payload[_CONTENT:]):
        raise StoreError("it is damaged: its checksum does not fit")
    reader = Reader(payload, _CONTENT)
    return Block(read_header(reader), reader)


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content, _FORMAT[0]).to_bytes(4, "little")
