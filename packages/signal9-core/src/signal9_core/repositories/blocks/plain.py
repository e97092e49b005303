"""Columns as they are, for bars that no lane can hold: prices or volumes of nineteen digits."""

import zlib
from array import array
from collections.abc import Iterator

from ...domain import PRICE_COLUMNS, Column, PriceSeries
from ...errors import StoreError
from .header import Flag, Header, written_header
from .varints import Reader, varint, zigzag

__all__ = ["read_plain", "written_plain"]


def written_plain(series: PriceSeries, ends: tuple[int, ...]) -> bytes:
    """Return header and columns of a block."""
    flags = Flag.PLAIN
    flags |= Flag.ADJUSTED if series.adjusted_close is not None else 0
    flags |= Flag.MINUTES if series.minutes is not None else 0
    header = Header(
        flags=flags,
        count=len(series),
        scale=series.scale,
        first_day=series.days[0],
        ends=ends,
        currency=series.currency,
        adjusted_scale=series.adjusted_scale,
    )
    values = (varint(zigzag(value)) for column in _columns(header, series) for value in column)
    return written_header(header) + zlib.compress(b"".join(values), 9)


def read_plain(header: Header, deflated: Reader, scale: int) -> dict[str, Column]:
    """Return the columns of a `PriceSeries`, with prices in units of `10 ** -scale`."""
    try:
        reader = Reader(zlib.decompress(deflated.rest()), 0)
    except zlib.error as error:
        raise StoreError(f"its columns cannot be inflated: {error}") from error
    unit = 10 ** (scale - header.scale)
    return {
        name: array(
            kind,
            [reader.signed() * (unit if name in PRICE_COLUMNS else 1) for _ in range(header.count)],
        )
        for name, kind in _kinds(header)
    }


def _kinds(header: Header) -> Iterator[tuple[str, str]]:
    yield from ((name, "q") for name in (*PRICE_COLUMNS, "volume"))
    yield "days", "i"
    if header.flags & Flag.ADJUSTED:
        yield "adjusted_close", "q"
    if header.flags & Flag.MINUTES:
        yield "minutes", "h"


def _columns(header: Header, series: PriceSeries) -> Iterator[Column]:
    return (series.columns()[name] for name, _ in _kinds(header))
