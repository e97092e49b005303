"""Finding the items that bars are in, even while bars move and while some items are read late.

Reading eventually costs half, and may give of each item what it was a moment before, of one that is
as young nothing. A bar is then met twice or seems to be gone, but never unnoticed: an item that
begins within another has all bars of that from there on, and one that should begin where another
ends, and does not, is looked for once more.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ...domain import BarLength, Ticker
from ...ports import Span, Store, Stored
from ...tables import TIME_SERIES
from ..optimistic import key_of
from .items import Held, held
from .keys import partition_of

__all__ = ["Newest", "PriceReader"]

_BARS: Final = 100
"""What an item holds at the very least, if it is full."""


class Newest(NamedTuple):
    """The last items of a company, and whether there are earlier ones."""

    items: list[Held]
    more: bool


class PriceReader:
    """Reads the items of one company after the other."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def spanning(
        self,
        ticker: Ticker,
        interval: BarLength,
        first: str | None,
        last: str | None,
        *,
        consistent: bool,
    ) -> list[Held]:
        """Return the items that hold bars between two keys, oldest first."""
        found = self._spanning(ticker, interval, Span(first, last), consistent=consistent)
        if not consistent and _may_lack_one(found, last, interval):
            return self._spanning(ticker, interval, Span(first, last), consistent=True)
        return found

    def newest(
        self, ticker: Ticker, interval: BarLength, count: int, *, consistent: bool
    ) -> Newest:
        """Return the last items, enough for `count` bars unless some were counted twice."""
        found: list[Stored] = []
        cursor, bars, more = None, 0, True
        while more and bars < count:
            page = self._store.query(
                TIME_SERIES,
                partition_of(ticker, interval),
                newest_first=True,
                limit=1 + (count - bars) // _BARS,
                cursor=cursor,
                consistent=consistent,
            )
            found += page.items
            bars += sum(_count(each) for each in page.items)
            cursor, more = page.cursor, page.cursor is not None
        items = held(found[::-1], interval)
        if _may_lack_one(items, None, interval):
            # Read from the newest one back, an item may have been divided in between.
            items = self.spanning(ticker, interval, items[0].key, None, consistent=True)
        return Newest(items, more)

    def _spanning(
        self, ticker: Ticker, interval: BarLength, span: Span, *, consistent: bool
    ) -> list[Held]:
        partition, start = partition_of(ticker, interval), list[Stored]()
        if span.first is not None:
            before = Span(None, span.first)
            start = self._store.query(
                TIME_SERIES,
                partition,
                span=before,
                newest_first=True,
                limit=1,
                consistent=consistent,
            ).items
            if any(_covers(each, span.last, interval) for each in held(start, interval)):
                return held(start, interval)
        # In the order of time, so that a bar that moves meanwhile is met at least once.
        page = self._store.query(TIME_SERIES, partition, span=span, consistent=consistent)
        known = {key_of(TIME_SERIES, each.item) for each in start}
        others = (each for each in page.items if key_of(TIME_SERIES, each.item) not in known)
        return held([*start, *others], interval)


def _covers(place: Held, last: str | None, interval: BarLength) -> bool:
    """Tell whether no other item can have bars up to `last`."""
    end = place.end(interval)
    return end is None or _is_beyond(end, last)


def _may_lack_one(found: Sequence[Held], last: str | None, interval: BarLength) -> bool:
    """Tell whether an item ends before the next one that was found begins, or before `last`."""
    following_keys = [*(each.key for each in found[1:]), None]
    return any(
        not _is_beyond(end, last) and (following is None or end < following)
        for each, following in zip(found, following_keys, strict=False)
        if (end := each.end(interval)) is not None
    )


def _is_beyond(key: str, last: str | None) -> bool:
    return last is not None and key > last


def _count(stored: Stored) -> int:
    count = stored.item.get("count")
    return count if isinstance(count, int) else 0
