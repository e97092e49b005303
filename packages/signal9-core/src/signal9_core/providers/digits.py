"""Columns of numbers as whole numbers of one scale, without the loss of a digit."""

import re
from collections.abc import Sequence
from decimal import Decimal
from math import gcd
from typing import Any, Final

from ..domain import decimals_of

__all__ = ["Scaled", "scaled", "whole"]

Scaled = tuple[list[int], int]
"""Numbers in units of `10 ** -scale`, and the scale: two, or as many more as are needed."""

_ODD: Final = re.compile(r"[^-+0-9.\n]")
_CENTS: Final = 2
_MOST_DECIMALS: Final = 9
_EXACT: Final = 10**15
"""Below it a float spells every digit of the number that was sent."""


def scaled(values: Sequence[Any]) -> Scaled:
    """Return texts, or floats, as whole numbers."""
    if not values:
        return [], _CENTS
    try:
        return _of_floats(values) if isinstance(values[0], float) else _of_texts(values)
    except ValueError:
        return _of_decimals([Decimal(str(each)) for each in values])


def whole(values: Sequence[Any]) -> list[int]:
    """Return whole numbers; `ValueError` names one that is not."""
    if isinstance(values[0] if values else "", str):
        try:
            return list(map(int, values))
        except ValueError:
            values = list(map(Decimal, values))
    found = list(map(int, values))
    for given, each in zip(values, found, strict=True):
        if given != each:
            raise ValueError(f"{given} is no whole number")
    return found


def _of_texts(texts: Sequence[str]) -> Scaled:
    decimals = len(texts[0]) - texts[0].find(".") - 1
    joined = "\n".join(texts)
    if _ODD.search(joined):
        raise ValueError("written in another way than 123.45")
    # Nearly always all have as many decimals as the first, and the points can go all at once.
    point = -decimals - 1
    alike = decimals and all(text[point : point + 1] == "." for text in texts)
    if alike and joined.count(".") == len(texts):
        return _shortened(list(map(int, joined.replace(".", "").split("\n"))), decimals)
    parts = [text.partition(".") for text in texts]
    if not all(units.strip("+-") for units, _, _ in parts):
        raise ValueError("no digit before the point")
    decimals = max(_CENTS, *(len(part[2]) for part in parts))
    zeros = ["0" * (decimals - digits) for digits in range(decimals + 1)]
    numbers = [int(f"{units}{rest}{zeros[len(rest)]}") for units, _, rest in parts]
    return _shortened(numbers, decimals)


def _of_floats(floats: Sequence[float]) -> Scaled:
    largest = max(map(abs, floats))
    for decimals in range(_CENTS, _MOST_DECIMALS + 1):
        unit = 10.0**decimals
        if largest * unit >= _EXACT:
            break
        numbers = [round(each * unit) for each in floats]
        if all(number / unit == each for number, each in zip(numbers, floats, strict=True)):
            return numbers, decimals
    raise ValueError("too many digits for floats")


def _of_decimals(values: Sequence[Decimal]) -> Scaled:
    scale = max(_CENTS, *map(decimals_of, values))
    return [int(value.scaleb(scale)) for value in values], scale


def _shortened(numbers: list[int], decimals: int) -> Scaled:
    """Return the numbers with two decimals, or as many more as any of them needs."""
    if decimals < _CENTS:
        return [number * 10 ** (_CENTS - decimals) for number in numbers], _CENTS
    common, needed = gcd(*numbers), decimals
    while needed > _CENTS and common % 10 == 0:
        common, needed = common // 10, needed - 1
    if needed == decimals:
        return numbers, decimals
    unit = 10 ** (decimals - needed)
    return [number // unit for number in numbers], needed
