"""Price history, in blocks that cost one write unit each."""

from datetime import date
from typing import Final

from ...domain import BarLength, Interval, PriceSeries, Ticker
from ...ports import Store
from ..optimistic import Foretell, ignore
from .changes import PriceChange, changed_bars
from .items import join
from .keys import key_at, span_keys
from .reading import PriceReader
from .writing import PriceWriter

__all__ = ["PriceRepository"]

_WRITE_UNIT: Final = 1024


class PriceRepository:
    """The bars of every company.

    Every bar has one block to be in: the one with the latest key that is not after it. What two
    writers do at once to one block meets its version; what needs two blocks is done in steps that
    anyone can complete.
    """

    def __init__(self, store: Store, *, item_bytes: int = _WRITE_UNIT) -> None:
        self._reader = PriceReader(store)
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
        stored = self._reader.spanning(ticker, interval, *keys, consistent=True)
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
        consistent: bool = True,
    ) -> PriceSeries:
        """Return the stored bars from `first` to `last`, both included; maybe none.

        Unless `consistent`, what was written a moment ago may be missing, for half the price.
        """
        keys = span_keys(first, last, interval)
        parts = self._reader.spanning(ticker, interval, *keys, consistent=consistent)
        if parts and keys[0] is not None and parts[0].last < keys[0]:
            join(parts[:1], ticker, interval)  # which refuses it if that is not its last bar
            parts = parts[1:]
        return join(parts, ticker, interval).between(first, last)

    def latest(
        self,
        ticker: Ticker,
        count: int = 1,
        *,
        interval: BarLength = Interval.DAY,
        consistent: bool = True,
    ) -> PriceSeries:
        """Return the newest bars, at most `count`, oldest of them first; maybe none."""
        wanted = count
        while True:
            items, more = self._reader.newest(ticker, interval, wanted, consistent=consistent)
            series = join(items, ticker, interval)
            if len(series) >= count or not more:
                return series.slice(max(0, len(series) - count), len(series))
            wanted += count - len(series)  # bars on the move were counted twice
