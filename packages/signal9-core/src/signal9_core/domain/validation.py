"""Checks that bars are plausible: prices within their range, no jump without a split."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from operator import le
from typing import Final

from .prices import PRICE_COLUMNS, PriceSeries

_LARGEST_JUMP: Final = 30
"""How many times the close before, or its inverse; shares have risen fifteenfold in a day."""

_LARGEST_JUMP_OR_SPLIT: Final = 1000
"""The same where splits are unknown; some merged 500 shares into one."""


def find_invalid_bar(
    series: PriceSeries, splits: Mapping[int, Fraction] | None = None
) -> str | None:
    """Return what is wrong with the first implausible bar; `None` if all are plausible.

    `splits` holds the new shares for an old one by day; `None` means that splits are unknown.
    """
    return _check_range(series) or _check_jumps(series, splits)


def _check_range(series: PriceSeries) -> str | None:
    low, high = series.low, series.high
    prices_fit = all(
        all(map(le, low, prices)) and all(map(le, prices, high))
        for prices in (series.open, series.close)
    )
    if prices_fit and min(low, default=0) >= 0 and min(series.volume, default=0) >= 0:
        return None
    for at in range(len(series)):
        pair = series.open[at], series.close[at]
        if not low[at] <= min(pair) <= max(pair) <= high[at]:
            return f"{_row(series, at)}: open or close outside low..high"
        if low[at] < 0 or series.volume[at] < 0:
            return f"{_row(series, at)}: below zero"
    return None


def _check_jumps(series: PriceSeries, splits: Mapping[int, Fraction] | None) -> str | None:
    limit = _LARGEST_JUMP_OR_SPLIT if splits is None else _LARGEST_JUMP
    if max(series.close, default=0) <= limit * min(series.close, default=0):
        return None  # whatever the order, no jump is that large
    for at, (last, now) in enumerate(pairwise(series.close), 1):
        if last <= limit * now and now <= limit * last:
            continue
        held = now * (splits or {}).get(series.days[at], Fraction(1))
        if not (last <= limit * held and held <= limit * last):
            closes = f"{series.price('close', at)} after {series.price('close', at - 1)}"
            return f"{series.day(at)}: close {closes}, and no split"
    return None


def _row(series: PriceSeries, at: int) -> str:
    prices = " ".join(str(series.price(name, at)) for name in PRICE_COLUMNS)
    return f"{series.day(at)}: {prices}"
