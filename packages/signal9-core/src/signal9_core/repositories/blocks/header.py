"""What stands before the columns of a block: everything that needs one number for all bars."""

from dataclasses import dataclass
from typing import Final

from ...errors import StoreError
from .factors import NO_FACTORS, Factors, read_factors, written_factors
from .varints import Reader, varint

__all__ = ["Flag", "Header", "read_header", "written_header"]

_USD: Final = "USD"
_CURRENCY_BYTES: Final = 3
_APART: Final = 2
"""How many ends have a flag each; nearly always there are no more."""


class Flag:
    """What a block has or is: bits of the first number of its header."""

    PLAIN: Final = 1
    """Columns as they are, where a number is too large for a lane."""
    GAPS: Final = 2
    """Days as distances, where they are not weekdays with few missing."""
    MINUTES: Final = 4
    """Bars within days."""
    ADJUSTED: Final = 8
    """Adjusted closes."""
    REMAINDERS: Final = 16
    """Something to add to the closes times their factors."""
    END: Final = 32
    """An end, from which on another block holds the bars."""
    SECOND_END: Final = 64
    """An end of that other block."""
    CURRENCY: Final = 128
    """A currency other than the dollar."""
    FRACTIONS: Final = 256
    """Prices in cents, and beside them the decimals that only some prices have."""
    MORE_ENDS: Final = 512
    """Ends of the blocks after that other one."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header; `ends` are positions as `PriceSeries.positions` has them."""

    flags: int
    count: int
    scale: int
    first_day: int
    ends: tuple[int, ...] = ()
    currency: str = _USD
    reference: int = 0
    divisor: int = 1
    base: int = 0
    missing: tuple[int, ...] = ()
    first_minute: int = 0
    adjusted_scale: int = 2
    factors: Factors = NO_FACTORS


def written_header(header: Header) -> bytes:
    """Return a header as it is written."""
    ends = header.ends
    flags = header.flags | _flags_of(ends)
    flags |= Flag.CURRENCY if header.currency != _USD else 0
    numbers = [flags, header.count, header.scale, header.first_day, *ends[:_APART]]
    if flags & Flag.MORE_ENDS:
        numbers += [len(ends) - _APART, *ends[_APART:]]
    written = [*map(varint, numbers)]
    if flags & Flag.CURRENCY:
        written.append(header.currency.encode())
    if not flags & Flag.PLAIN:
        numbers = [header.reference, header.divisor, header.base]
        if not flags & Flag.GAPS:
            numbers += [len(header.missing), *header.missing]
        if flags & Flag.MINUTES:
            numbers.append(header.first_minute)
        written += map(varint, numbers)
    if flags & Flag.ADJUSTED:
        written.append(varint(header.adjusted_scale))
        if not flags & Flag.PLAIN:
            written.append(written_factors(header.factors))
    return b"".join(written)


def read_header(reader: Reader) -> Header:
    """Return what `written_header` was given; the reader then stands at the columns."""
    flags = reader.number()
    count, scale, first_day = reader.number(), reader.number(), reader.number()
    if not count:
        raise StoreError("it holds no bars")
    packed = not flags & Flag.PLAIN
    return Header(
        flags=flags,
        count=count,
        scale=scale,
        first_day=first_day,
        ends=_read_ends(flags, reader),
        currency=reader.raw(_CURRENCY_BYTES).decode() if flags & Flag.CURRENCY else _USD,
        reference=reader.number() if packed else 0,
        divisor=reader.number() if packed else 1,
        base=reader.number() if packed else 0,
        missing=tuple(reader.numbers()) if packed and not flags & Flag.GAPS else (),
        first_minute=reader.number() if packed and flags & Flag.MINUTES else 0,
        adjusted_scale=reader.number() if flags & Flag.ADJUSTED else 2,
        factors=read_factors(reader) if packed and flags & Flag.ADJUSTED else NO_FACTORS,
    )


def _flags_of(ends: tuple[int, ...]) -> int:
    flags = (0, Flag.END, Flag.END | Flag.SECOND_END)
    return flags[min(len(ends), _APART)] | (Flag.MORE_ENDS if len(ends) > _APART else 0)


def _read_ends(flags: int, reader: Reader) -> tuple[int, ...]:
    alone = flags & (Flag.END | Flag.SECOND_END)
    first = [reader.number() for _ in range(alone.bit_count())]
    return (*first, *(reader.numbers() if flags & Flag.MORE_ENDS else ()))
