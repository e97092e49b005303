"""How many bars fit into one item, and where the rest begins."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from ...domain import PriceSeries
from ..blocks.block import written_block
from .changes import combined
from .items import Held
from .keys import following

__all__ = ["Filling", "fill"]

_BAR_BYTES: Final = 24
"""An item with less room than this is closed: the next bar might not fit."""

_SPARE_BYTES: Final = 10
_FIRST_GUESS: Final = 130
_MOST_BARS: Final = 1_000


class Filling(NamedTuple):
    """Bars for an item, written as a block; `cut` is the position from which on others follow.

    Where `moves` is true, some of those are in the item now and have to move.
    """

    head: PriceSeries
    payload: bytes
    cut: int | None = None
    moves: bool = False


def fill(place: Held, before: PriceSeries, part: PriceSeries, room: int) -> Filling:
    """Put as many bars into an item as its room allows, those that it has and new ones."""
    if len(before) and _differ_in_kind(before, part):
        return _closed(place, before, part.positions()[0])
    after = combined(before, part)
    count, payload = _fitting(place, after, room)
    if count == len(after):
        return Filling(after, _closed_if_full(place, after, payload, room))
    positions, old = after.positions(), before.positions()
    if len(old) and old[-1] >= positions[count]:
        return _divided(after, count, old)
    return Filling(after.slice(0, count), payload, positions[count])


def _divided(after: PriceSeries, count: int, old: Sequence[int]) -> Filling:
    """Cut where room is needed on both sides, or once before all old bars."""
    positions = after.positions()
    if old[0] >= positions[count]:
        return Filling(after.slice(0, count), b"", old[0], moves=True)
    if len(after) <= 2 * count:
        count = bisect_left(positions, old[-1], 1, max(1, len(after) // 2))
    return Filling(after.slice(0, count), b"", positions[count], moves=True)


def _differ_in_kind(before: PriceSeries, part: PriceSeries) -> bool:
    """Tell whether bars follow that have adjusted closes where those before have none, or not."""
    differ = (before.adjusted_close is None) != (part.adjusted_close is None)
    return differ and part.positions()[0] > before.positions()[-1]


def _closed(place: Held, before: PriceSeries, cut: int) -> Filling:
    return Filling(before, written_block(before, (cut, *place.ends)), cut)


def _closed_if_full(place: Held, after: PriceSeries, payload: bytes, room: int) -> bytes:
    expected = following(after)
    if place.ends or expected is None or room - len(payload) >= _BAR_BYTES:
        return payload
    return written_block(after, (expected,))


def _fitting(place: Held, after: PriceSeries, room: int) -> tuple[int, bytes]:
    """Return how many bars fit, at least one, and those as a block."""
    positions = after.positions()
    fitting, best, most = 0, b"", min(len(after), _MOST_BARS)
    count = most if most <= 2 * _FIRST_GUESS else _FIRST_GUESS
    while fitting < most:
        ends = (positions[count], *place.ends) if count < len(after) else place.ends
        payload = written_block(after.slice(0, count), ends)
        if len(payload) <= room or count == 1:
            fitting, best = count, payload
            if room - len(payload) < _SPARE_BYTES:
                break
        else:
            most = count - 1
        count = min(max(count * room // len(payload), fitting + 1), most)
    return fitting, best
