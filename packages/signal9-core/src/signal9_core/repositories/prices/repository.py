"""Price history, in blocks that cost one write unit each."""

from datetime import date
from typing import Final

from ...domain import BarLength, Interval, PriceSeries, Ticker
from ...ports import Span, Store, Stored
from ...tables import TIME_SERIES
from ..changes import Foretell, ignore
from .changes import PriceChange, changed_bars
from .items import Held, held, join
from .keys import key_at, partition_of, span_keys
from .writing import PriceWriter

__all__ = ["PriceRepository"]

_WRITE_UNIT: Final = 1024

_BARS: Final = 100
"""What an item holds at the very least, if it is full."""


class PriceRepository:
    """The bars of every company.

    Every bar has one block to be in: the one with the latest key that is not after it. What two
    writers do at once to one block meets its version; what needs two blocks is done in steps that
    anyone can complete.
    """

    def __init__(self, store: Store, *, item_bytes: int = _WRITE_UNIT) -> None:
        self._store = store
        self._writer = PriceWriter(store, item_bytes)

    def merge(
        self, series: PriceSeries, foretell: Foretell[PriceChange] = ignore
    ) -> PriceChange | None:
        """Add bars and correct those that differ; return what changed, `None` for nothing.

        Repeating it changes nothing, and two writers never lose a bar.
        """
        if not len(series):
            return None
        ticker, interval = series.ticker, series.interval
        keys = key_at(series.positions()[0], interval), key_at(series.positions()[-1], interval)
        stored = self._held(ticker, interval, *keys)
        wanted, change = changed_bars(stored, series)
        if change is None:
            return None
        foretell(change)
        self._writer.write(wanted, stored)
        return change

    def between(
        self,
        ticker: Ticker,
        first: date | None = None,
        last: date | None = None,
        *,
        interval: BarLength = Interval.DAY,
    ) -> PriceSeries:
        """Return the stored bars from `first` to `last`, both included; maybe none."""
        keys = span_keys(first, last, interval)
        parts = self._held(ticker, interval, *keys)
        if parts and keys[0] is not None and parts[0].last < keys[0]:
            parts = parts[1:]
        return join(parts, ticker, interval).between(first, last)

    def latest(
        self, ticker: Ticker, count: int = 1, *, interval: BarLength = Interval.DAY
    ) -> PriceSeries:
        """Return the newest bars, at most `count`, oldest of them first; maybe none."""
        parts = self._newest(ticker, interval, count)
        if parts and parts[-1].until is not None:
            # Closed, so that another may have followed while these were read.
            parts = self._held(ticker, interval, parts[0].key, None)
        series = join(parts, ticker, interval)
        return series.slice(max(0, len(series) - count), len(series))

    def _newest(self, ticker: Ticker, interval: BarLength, count: int) -> list[Held]:
        """Return the last items, enough for `count` bars."""
        found: list[Stored] = []
        cursor, bars = None, 0
        while bars < count:
            page = self._store.query(
                TIME_SERIES,
                partition_of(ticker, interval),
                newest_first=True,
                limit=1 + (count - bars) // _BARS,
                cursor=cursor,
            )
            found += page.items
            bars += sum(_count(each) for each in page.items)
            cursor = page.cursor
            if cursor is None:
                break
        return held(found[::-1], interval)

    def _held(
        self, ticker: Ticker, interval: BarLength, first: str | None, last: str | None
    ) -> list[Held]:
        """Return the items that hold bars between two keys, oldest first."""
        if first is None:
            return held(self._query(ticker, interval, Span(None, last)), interval)
        partition, before = partition_of(ticker, interval), Span(None, first)
        page = self._store.query(TIME_SERIES, partition, span=before, newest_first=True, limit=1)
        start = held(page.items, interval)
        if start and _reaches(start[0], last, interval):
            return start
        # In the order of time, so that a bar that moves meanwhile is met at least once.
        following = self._query(ticker, interval, Span(first, last))
        known = {each.key for each in start}
        others = (each for each in following if str(each.item["timestamp"]) not in known)
        return held([*page.items, *others], interval)

    def _query(self, ticker: Ticker, interval: BarLength, span: Span) -> list[Stored]:
        return self._store.query(TIME_SERIES, partition_of(ticker, interval), span=span).items


def _reaches(place: Held, last: str | None, interval: BarLength) -> bool:
    """Tell whether no other item can have bars up to `last`."""
    if place.until is None:
        return True
    return last is not None and key_at(place.until, interval) > last


def _count(stored: Stored) -> int:
    count = stored.item.get("count")
    return count if isinstance(count, int) else 0
