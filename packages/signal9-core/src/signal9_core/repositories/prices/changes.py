"""What a merge would change, worked out before anything is written."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ...domain import PRICE_COLUMNS, PriceSeries, merge, rescaled
from .items import Held, join
from .keys import key_at

__all__ = ["PriceChange", "changed_bars", "combined"]


@dataclass(frozen=True)
class PriceChange:
    """Which bars a merge added or corrected; `added` were not there before."""

    first: date
    last: date
    count: int
    added: int = field(default=0, compare=False)


def changed_bars(
    stored: Sequence[Held], series: PriceSeries
) -> tuple[PriceSeries, PriceChange | None]:
    """Return the bars of `series` that are not stored just so, and what they amount to."""
    positions = [at for place, part in _shares(stored, series) for at in _changed(place, part)]
    if not positions:
        return series.slice(0, 0), None
    first, last = series.day(positions[0]), series.day(positions[-1])
    wanted = series if len(positions) == len(series) else series.picked(positions)
    known = {
        at for place in stored for at in join([place], series.ticker, series.interval).positions()
    }
    added = sum(at not in known for at in wanted.positions())
    return wanted, PriceChange(first, last, len(positions), added)


def combined(before: PriceSeries, part: PriceSeries) -> PriceSeries:
    """Return bars with those of `part` added or put in their place."""
    kept = set(before.positions()).difference(part.positions())
    return merge(before, part) if kept else part


def _shares(
    stored: Sequence[Held], series: PriceSeries
) -> Iterator[tuple[Held | None, tuple[int, PriceSeries]]]:
    """Yield which item has, or would have, which bars, and from where on in the series."""
    keys = [each.key for each in stored]
    positions = series.positions()
    start = 0
    while start < len(series):
        at = bisect_right(keys, key_at(positions[start], series.interval))
        place, stop = (stored[at - 1] if at else None), len(series)
        if at < len(keys):
            following = [key_at(each, series.interval) for each in positions[start:]]
            stop = start + bisect_left(following, keys[at])
        yield place, (start, series.slice(start, stop))
        start = stop


def _changed(place: Held | None, part: tuple[int, PriceSeries]) -> list[int]:
    start, wanted = part
    before = join([place] if place is not None else [], wanted.ticker, wanted.interval)
    after = combined(before, wanted)
    # Bars that replace all others may have fewer decimals than those.
    units = max(before.scale, after.scale), max(before.adjusted_scale, after.adjusted_scale)
    known, rows = _rows(before, *units), _rows(after, *units)
    positions = enumerate(wanted.positions(), start)
    return [at for at, each in positions if known.get(each) != rows[each]]


def _rows(
    series: PriceSeries, scale: int, adjusted_scale: int
) -> dict[int, tuple[int | None, ...]]:
    """Return bars by position, in these units."""
    prices = [rescaled(getattr(series, name), scale - series.scale) for name in PRICE_COLUMNS]
    adjusted: Sequence[int | None] = [None] * len(series)
    if series.adjusted_close is not None:
        adjusted = rescaled(series.adjusted_close, adjusted_scale - series.adjusted_scale)
    rows = zip(*prices, series.volume, adjusted, strict=True)
    return dict(zip(series.positions(), rows, strict=True))
