"""Columns of numbers as whole numbers of one scale, without the loss of a digit."""

import re
from collections.abc import Sequence
from decimal import Decimal
from math import floor
from typing import Any, Final

import msgspec

from ..domain import all_of_bits, column_of, decimals_of

__all__ = ["DIGITS_AS_ZEROS", "Scaled", "decimal", "integers", "kept", "scaled", "whole"]

Scaled = tuple[Sequence[int], int]
"""Numbers in units of `10 ** -scale`, and the scale: as many decimals as any has, at least two."""

DIGITS_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"0" * 9)
"""What turns texts into their shapes: every digit is a zero."""

_INTEGERS: Final = msgspec.json.Decoder(list[int])
_LEADING_ZEROS: Final = re.compile(rb"(?<![0-9])0+(?=[0-9])")
_BLANKS_AS_ZEROS: Final = bytes.maketrans(b" ", b"0")
_CENTS: Final = 2
_DIGITS: Final = 18
"""So many fit into a column, whichever they are."""
_DECIMALS_OF_FLOATS: Final = (4, 6, 9)
_EXACT_BITS: Final = 49
"""Numbers of so many bits have at most 15 digits, and a float spells every one of them."""


def scaled(values: Sequence[Any]) -> Scaled:
    """Return texts, or floats, as whole numbers; `ValueError` names what is no number."""
    if not values:
        return [], _CENTS
    try:
        return _of_floats(list(values)) if isinstance(values[0], float) else _of_texts(values)
    except (OverflowError, ValueError):
        return _of_decimals([decimal(str(each)) for each in values])


def kept(found: Scaled) -> Scaled:
    """Return numbers as a column, without their last decimals where it could not hold those."""
    numbers, scale = found
    try:
        return column_of(numbers), scale
    except OverflowError:
        excess = len(str(max(map(abs, numbers)))) - _DIGITS
        if excess > scale - _CENTS:
            raise
        unit = 10**excess
        return column_of([(2 * each + unit) // (2 * unit) for each in numbers]), scale - excess


def whole(texts: Sequence[str]) -> list[int]:
    """Return whole numbers; `ValueError` names one that is not."""
    try:
        found = integers(",".join(texts).encode())
    except ValueError:
        found = []
    return found if len(found) == len(texts) else [_whole(decimal(each)) for each in texts]


def decimal(text: str) -> Decimal:
    """Return the number that a text spells, in any way; `ValueError` where it spells none."""
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ValueError(f"{text!r:.40} is no number")
    return found


def integers(joined: bytes) -> list[int]:
    """Return what stands between commas, with or without leading zeros; `ValueError` for others."""
    try:
        return _INTEGERS.decode(b"[%b]" % joined)
    except msgspec.DecodeError:
        return _INTEGERS.decode(b"[%b]" % _LEADING_ZEROS.sub(b"", joined))


def _of_texts(texts: Sequence[str]) -> Scaled:
    joined = "\t,".join(texts) + "\t"
    if joined.count(".") < len(texts):
        joined = "\t,".join(each if "." in each else f"{each}." for each in texts) + "\t"
    sent, marks = joined.encode(), b".," * (len(texts) - 1) + b"."
    if sent.translate(None, b"0123456789\t-") != marks or sent.count(b"\t") != len(texts):
        raise ValueError("written in another way than 123.45")
    if b",." in b"," + sent or b"-." in sent:
        raise ValueError("no digit before the point")
    shape = sent.translate(DIGITS_AS_ZEROS)
    decimals = max(_CENTS, _most_decimals(shape, texts[0]))
    alike = shape.count(b"." + b"0" * decimals + b"\t") == len(texts)
    return integers(sent.translate(None, b".\t") if alike else _aligned(joined, decimals)), decimals


def _most_decimals(shape: bytes, first: str) -> int:
    decimals = len(first.partition(".")[2])
    while b"." + b"0" * (decimals + 1) in shape:
        decimals += 1
    return decimals


def _aligned(joined: str, decimals: int) -> bytes:
    """Return numbers without their points, zeros added where others have more decimals.

    A tab fills what is missing up to its column, of which those after a line break are counted.
    """
    lines = joined.replace(".", "\n").expandtabs(decimals + 1).encode()
    # It always fills one too many, as a tab is never empty.
    return lines.translate(_BLANKS_AS_ZEROS, b"\n").replace(b"0,", b",")[:-1]


def _of_floats(floats: list[float]) -> Scaled:
    for decimals in _DECIMALS_OF_FLOATS:
        unit = 10.0**decimals
        numbers = list(map(floor, [each * unit + 0.5 for each in floats]))
        # What divided gives the float is what was sent, as long as it has no more than 15 digits.
        if [each / unit for each in numbers] == floats:
            column = column_of(numbers)
            if all_of_bits(column, _EXACT_BITS):
                return column, decimals
    raise ValueError("too many digits for floats")


def _of_decimals(values: Sequence[Decimal]) -> Scaled:
    scale = max(_CENTS, *map(decimals_of, values))
    return [int(value.scaleb(scale)) for value in values], scale


def _whole(value: Decimal) -> int:
    found = int(value)
    if found != value:
        raise ValueError(f"{value} is no whole number")
    return found
