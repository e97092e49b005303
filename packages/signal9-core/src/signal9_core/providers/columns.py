"""A price series made of columns that a provider sent, its days in any order."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from operator import gt, itemgetter, lt
from typing import Any

from ..domain import PRICE_COLUMNS, PriceSeries, Ticker
from ..errors import PayloadError
from .digits import scaled, whole

__all__ = ["series_of"]

Columns = Mapping[str, Sequence[Any]]
"""Texts or floats by name: prices, `volume`, and `adjusted close` where it is known."""


def series_of(ticker: Ticker, days: Sequence[int], columns: Columns, where: str) -> PriceSeries:
    """Return the columns as a series, oldest first, with every price as it was sent.

    `days` are ordinals. `ValueError` or `ArithmeticError` where something is no number.
    """
    ordered = _order(days, where)
    sent = {name: ordered(column) for name, column in columns.items()}
    count = len(days)
    joined, scale = scaled([each for name in PRICE_COLUMNS for each in sent[name]])
    prices = [joined[at * count : (at + 1) * count] for at in range(len(PRICE_COLUMNS))]
    volumes = whole(sent["volume"])
    _check(ordered(days), prices, volumes, where)
    adjusted = sent.get("adjusted close", ())
    if None in adjusted:
        raise PayloadError(f"{where}: only some days have an adjusted close")
    adjusted_closes, adjusted_scale = scaled(adjusted)
    opens, highs, lows, closes = (array("q", column) for column in prices)
    return PriceSeries(
        ticker=ticker,
        days=array("i", ordered(days)),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=array("q", volumes),
        scale=scale,
        adjusted_close=array("q", adjusted_closes) if adjusted_closes else None,
        adjusted_scale=adjusted_scale,
    )


def _order(days: Sequence[int], where: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what brings a column into the order of time."""
    if all(map(lt, days, days[1:])):
        return lambda column: column
    if all(map(gt, days, days[1:])):
        return lambda column: column[::-1]
    places = sorted(range(len(days)), key=days.__getitem__)
    in_order = itemgetter(*places)(days)
    for earlier, later in pairwise(in_order):
        if earlier == later:
            raise PayloadError(f"{where}: {_day(later)} occurs twice")
    return itemgetter(*places)


def _check(
    days: Sequence[int], prices: Sequence[Sequence[int]], volumes: Sequence[int], where: str
) -> None:
    for day, first, high, low, last in zip(days, *prices, strict=True):
        if not (low <= first <= high and low <= last <= high):
            raise PayloadError(f"{where}: open or close outside low..high on {_day(day)}")
    if min(volumes, default=0) < 0:
        at = next(at for at, volume in enumerate(volumes) if volume < 0)
        raise PayloadError(f"{where}: volume {volumes[at]} on {_day(days[at])}")


def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
