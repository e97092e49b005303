"""A line of numbers as a line of text."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

__all__ = ["sparkline"]

_LEVELS: Final = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[Decimal], width: int) -> str:
    """Draw values, oldest first, in at most `width` characters, from their least to their most."""
    drawn = _thinned(values, width)
    if not drawn:
        return ""
    low, high = min(drawn), max(drawn)
    if low == high:
        return _LEVELS[len(_LEVELS) // 2] * len(drawn)
    steps = Decimal(len(_LEVELS) - 1) / (high - low)
    return "".join(_LEVELS[round((value - low) * steps)] for value in drawn)


def _thinned(values: Sequence[Decimal], width: int) -> Sequence[Decimal]:
    """Return the last value of each of `width` stretches of even length."""
    count = len(values)
    if count <= width:
        return values
    return [values[(at + 1) * count // width - 1] for at in range(width)]
