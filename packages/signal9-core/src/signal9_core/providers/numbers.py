"""Prices out of payloads as whole numbers, exactly, a whole column at a time."""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import repeat
from operator import mul, truediv
from typing import Final

import msgspec

from ..errors import PayloadError

__all__ = ["scaled_floats", "scaled_texts"]

_DIGITS: Final = b"0123456789"
_ZEROS: Final = bytes.maketrans(_DIGITS, b"0" * len(_DIGITS))
_NUMBERS: Final = msgspec.json.Decoder(list[int])
_PLAIN: Final = re.compile(r"-?\d+(\.\d*)?")
_MOST_DECIMALS: Final = 15


def scaled_texts(texts: Sequence[str]) -> tuple[Sequence[int], int]:
    """Return numbers in units of `10 ** -scale`, and the scale that all of them need."""
    if not texts:
        return [], 0
    joined = ",".join(texts).encode()
    decimals = len(texts[0].partition(".")[2])
    # All digits as zeros show whether every number has that many after its point.
    shape = (joined + b",").translate(_ZEROS)
    if decimals and shape.count(b"." + b"0" * decimals + b",") == len(texts) == shape.count(b"."):
        with suppress(msgspec.DecodeError):  # zeros lead a number below one
            return _NUMBERS.decode(b"[" + joined.replace(b".", b"") + b"]"), decimals
    if joined.translate(None, _DIGITS + b".,-"):
        raise PayloadError(f"{_first_odd(texts)!r} is no number")
    return _scaled_one_by_one(texts)


def scaled_floats(values: Sequence[float]) -> tuple[Sequence[int], int]:
    """Return numbers in units of `10 ** -scale`, as they were written before they were floats."""
    for scale in (4, 2, 6, 9, 12, _MOST_DECIMALS):
        unit = float(10**scale)
        numbers = list(map(round, map(mul, values, repeat(unit))))
        if list(map(truediv, numbers, repeat(unit))) == list(values):
            return numbers, scale
    raise PayloadError(f"prices of more than {_MOST_DECIMALS} decimals")


def _scaled_one_by_one(texts: Sequence[str]) -> tuple[Sequence[int], int]:
    parts = [text.partition(".") for text in texts]
    scale = max(len(decimals) for _, _, decimals in parts)
    try:
        return [int(whole + decimals.ljust(scale, "0")) for whole, _, decimals in parts], scale
    except ValueError as error:
        raise PayloadError(f"{_first_odd(texts)!r} is no number") from error


def _first_odd(texts: Sequence[str]) -> str:
    """Return the first text that is no plain decimal number."""
    return next((each for each in texts if not _PLAIN.fullmatch(each)), "")
