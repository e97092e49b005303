"""Whether bars make sense: prices within their range, and no jump that no split explains."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from .prices import PRICE_COLUMNS, PriceSeries, none_apart, none_below_zero, none_outside

__all__ = ["nonsense_in"]

_KNOWN_JUMP: Final = 30
"""How many times dearer or cheaper than the day before, once splits are taken into account.

Shares have become fifteen times dearer within a day without any split.
"""

_UNKNOWN_JUMP: Final = 1000
"""The same, where a split may have been that nobody told of: some were of 500 shares into one."""


def nonsense_in(series: PriceSeries, splits: Mapping[int, Fraction] | None = None) -> str | None:
    """Return what is wrong with the first row that cannot be; `None` where all can.

    `splits` holds new shares for an old one by day; without it splits are not known.
    """
    return _range(series) or _jump(series, splits)


def _range(series: PriceSeries) -> str | None:
    opens, highs, lows, closes = (getattr(series, name) for name in PRICE_COLUMNS)
    if none_outside((opens, closes), lows, highs):
        return _negative(series)
    for at in range(len(series)):
        if not lows[at] <= min(opens[at], closes[at]) <= max(opens[at], closes[at]) <= highs[at]:
            return f"{series.time(at)}: {_row(series, at)}: open or close outside low..high"
    return None


def _negative(series: PriceSeries) -> str | None:
    if none_below_zero(series.low) and none_below_zero(series.volume):
        return None
    wrong = [min(pair) < 0 for pair in zip(series.low, series.volume, strict=True)].index(True)
    return f"{series.time(wrong)}: {_row(series, wrong)}: below zero"


def _jump(series: PriceSeries, splits: Mapping[int, Fraction] | None) -> str | None:
    limit = _UNKNOWN_JUMP if splits is None else _KNOWN_JUMP
    if none_apart(series.close, limit):
        return None
    for at in range(1, len(series)):
        last, now = series.close[at - 1], series.close[at]
        split = Fraction(1) if splits is None else splits.get(series.days[at], Fraction(1))
        if not last <= limit * now * split or not now * split <= limit * last:
            return (
                f"{series.time(at)}: close {series.price('close', at)} after "
                f"{series.price('close', at - 1)}, and no split"
            )
    return None


def _row(series: PriceSeries, at: int) -> str:
    return " ".join(str(series.price(name, at)) for name in PRICE_COLUMNS)
