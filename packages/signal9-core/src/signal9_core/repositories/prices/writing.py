"""Writing bars into blocks, so that no bar is lost to another writer or to a sudden end.

Each write replaces one item under its version, or creates one. An item says where it ends (`until`)
before another one begins there, so that everyone agrees on its key. Bars that have to move to make
room are moved in three steps: the item is written with its new end while it still has all bars,
then the next one is created with a copy of those beyond the end, then they are removed. Whoever
finds such an item completes the steps first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ...domain import PriceSeries
from ...errors import ConflictError
from ...ports import ABSENT, Span, Store
from ...tables import TIME_SERIES
from ..blocks.block import written_block
from ..optimistic import contested
from .changes import combined
from .filling import Filling, fill
from .items import Held, held, item_of, join, room_for
from .keys import ORIGIN, key_at, partition_of, position_of

__all__ = ["PriceWriter"]


class PriceWriter:
    """Puts bars where they belong."""

    def __init__(self, store: Store, item_bytes: int) -> None:
        self._store = store
        self._item_bytes = item_bytes

    def write(self, series: PriceSeries, known: Sequence[Held]) -> None:
        """Write bars over what is stored; `known` is what was read of it before."""
        place = _owner(known, series)
        while len(series):
            done = 0
            for attempt in contested():
                with attempt:
                    # What was read is of no use after a conflict.
                    current, place = place or self._find(series), None
                    done, place = self._step(current, series)
            series = series.slice(done, len(series))

    def _step(self, place: Held, series: PriceSeries) -> tuple[int, Held | None]:
        """Write what belongs into one item; return how many bars, and the next item if known."""
        ticker, interval, positions = series.ticker, series.interval, series.positions()
        if place.overflows(interval):
            self._move(place, join([replace(place, cut=None)], ticker, interval))
            return 0, None
        if place.ends and positions[0] >= place.ends[0]:
            return 0, self._successor(place, series)
        stop = bisect_left(positions, place.ends[0]) if place.ends else len(series)
        place, before = self._shortened(place, series), join([place], ticker, interval)
        room = room_for(ticker, interval, place.key, self._item_bytes)
        filling = fill(place, before, series.slice(0, stop), room)
        done = bisect_right(positions, filling.head.positions()[-1])
        if filling.moves:
            self._divide(place, before, filling)
            return done, None
        self._put(filling.head, place, filling.payload)
        if filling.cut is None:
            return done, None
        return done, Held(key_at(filling.cut, interval), ABSENT, place.ends)

    def _divide(self, place: Held, before: PriceSeries, filling: Filling) -> None:
        """Move bars from the cut on into an item of their own."""
        whole, ends = combined(before, filling.head), (filling.cut or 0, *place.ends)
        version = self._put(whole, place, written_block(whole, ends))
        self._move(replace(place, version=version, ends=ends), whole)

    def _move(self, place: Held, whole: PriceSeries) -> None:
        """Complete a move: create the next item, unless it is there, and remove what is in it."""
        end, ends = place.ends[0], place.ends[1:]
        cut = bisect_left(whole.positions(), end)
        head, tail = whole.slice(0, cut), whole.slice(cut, len(whole))
        with suppress(ConflictError):  # somebody else has created it
            self._put(tail, Held(key_at(end, whole.interval)), written_block(tail, ends))
        self._put(head, place, written_block(head, (end,)))

    def _put(self, series: PriceSeries, place: Held, payload: bytes) -> int:
        item = item_of(series, place.key, payload)
        return self._store.put(TIME_SERIES, item, expected=place.version)

    def _find(self, series: PriceSeries) -> Held:
        """Return the item in which the first bar has its place, which may not exist yet."""
        first = key_at(series.positions()[0], series.interval)
        found = self._query(series, Span(None, first), newest_first=True)
        return found or self._at(ORIGIN, series)

    def _successor(self, place: Held, series: PriceSeries) -> Held:
        """Return the item that begins where `place` ends."""
        key = key_at(place.ends[0], series.interval)
        return Held(key, ends=place.ends[1:]) if place.ends[1:] else self._at(key, series)

    def _at(self, key: str, series: PriceSeries) -> Held:
        """Return the item with this key, or what it will be when it is written."""
        found = self._query(series, Span(key))
        if found is None or found.key == key:
            return found or Held(key)
        return Held(key, ends=(position_of(found.key, series.interval),))

    def _shortened(self, place: Held, series: PriceSeries) -> Held:
        """Forget the ends of items that know them: of those after one that is there."""
        if not place.ends[1:]:
            return place
        key = key_at(place.ends[0], series.interval)
        found = self._query(series, Span(key, key))
        return place if found is None else replace(place, ends=place.ends[:1])

    def _query(self, series: PriceSeries, span: Span, *, newest_first: bool = False) -> Held | None:
        """Return the first item in a span, or the last one."""
        partition = partition_of(series.ticker, series.interval)
        page = self._store.query(
            TIME_SERIES, partition, span=span, newest_first=newest_first, limit=1
        )
        return next(iter(held(page.items, series.interval)), None)


def _owner(known: Sequence[Held], series: PriceSeries) -> Held | None:
    """Return which of the known items the first bar belongs to."""
    key = key_at(series.positions()[0], series.interval)
    return next((each for each in reversed(known) if each.key <= key), None)
