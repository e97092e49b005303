"""Numbers as people read them, with every digit that counts."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from ..domain import decimals_of

__all__ = ["common_decimals", "figure", "unit_of"]

_CENTS: Final = 2
_UNITS: Final = ((10**6, "millions"), (10**3, "thousands"))


def common_decimals(values: Iterable[Decimal]) -> int:
    """Return how many digits after the point all these need, at least two."""
    return max(_CENTS, max(map(decimals_of, values), default=0))


def figure(value: Decimal | int | None, decimals: int | None = None) -> str:
    """Return a number with its thousands apart, a dash where it is unknown.

    It is rounded only where it has more than the `decimals` asked for.
    """
    if value is None:
        return "–"  # noqa: RUF001
    exact = Decimal(value)
    return f"{exact:,.{decimals_of(exact) if decimals is None else decimals}f}"


def unit_of(values: Iterable[Decimal | None]) -> tuple[int, str | None]:
    """Return the largest unit in which all these are whole numbers, and its name."""
    known = [value for value in values if value]
    for unit, name in _UNITS:
        if known and all(value % unit == 0 for value in known):
            return unit, name
    return 1, None
