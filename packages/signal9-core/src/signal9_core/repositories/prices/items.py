"""Blocks as items of the TimeSeries table."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Protocol

from ...domain import (
    BarLength,
    Column,
    IntradayInterval,
    PriceSeries,
    Ticker,
    chained,
    positions_of,
    rescaled,
)
from ...errors import StoreError
from ...ports import ABSENT, Item, Stored
from ...tables import TIME_SERIES
from ..blocks.block import Block, read_block
from .keys import key_at, partition_of, position_of
from .years import Year, is_year

__all__ = ["Held", "held", "item_of", "join", "room_for"]

_PARTITION: Final = TIME_SERIES.partition_key
_TIMESTAMP: Final = "timestamp"
_BLOCK: Final = "block"

_COUNT_BYTES: Final = 3
_VERSION_BYTES: Final = 11
_DAY: Final = "2013-03-01"
_MOMENT: Final = "2013-03-01T14:30Z"


class Bars(Protocol):
    """Bars of an item, in the form that it keeps them in."""

    @property
    def scale(self) -> int:
        """How many decimals prices have."""

    @property
    def adjusted_scale(self) -> int:
        """How many decimals adjusted closes have."""

    @property
    def currency(self) -> str:
        """What prices are in."""

    @property
    def ends(self) -> tuple[int, ...]:
        """The position that ends the item, and those that end the items after it."""

    def columns(self, scale: int) -> dict[str, Column]:
        """Return the columns of a `PriceSeries`, with prices in units of `10 ** -scale`."""


@dataclass(frozen=True, slots=True)
class Held:
    """An item that holds bars from its key on, up to but not including the first of its `ends`.

    From there on the bars are in the item with that key, which ends at the second; and so on. Bars
    that are here and yet beyond the first end are on their way there. From `cut` on they have
    arrived: another item that was found has them.
    """

    key: str
    version: int = ABSENT
    ends: tuple[int, ...] = ()
    bars: Bars | None = None
    last: str = ""
    cut: int | None = None

    def overflows(self, interval: BarLength) -> bool:
        """Tell whether there are bars here that belong to the next item."""
        end = self.end(interval)
        return end is not None and self.last >= end

    def end(self, interval: BarLength) -> str | None:
        """Return the key of the item that holds what comes next; `None` while it is open."""
        return key_at(self.ends[0], interval) if self.ends else None


def held(stored: Sequence[Stored], interval: BarLength) -> list[Held]:
    """Return what items, in their order, hold; `StoreError` names one that is damaged."""
    found = [_held(each) for each in stored]
    for at, (each, following) in enumerate(pairwise(found)):
        # A copy of all of them is made before another item is seen, so that nothing is cut off.
        if each.last >= following.key:
            found[at] = replace(each, cut=position_of(following.key, interval))
    return found


def join(parts: Iterable[Held], ticker: Ticker, interval: BarLength) -> PriceSeries:
    """Return the bars of items, in their order, as one series.

    Adjusted closes survive only where all bars have them.
    """
    filled = [(part, part.bars) for part in parts if part.bars is not None]
    if not filled:
        return PriceSeries.empty(ticker, interval)
    scale = max(bars.scale for _, bars in filled)
    adjusted_scale = max(bars.adjusted_scale for _, bars in filled)
    tables = []
    for part, bars in filled:
        with _naming(partition_of(ticker, interval), part.key):
            columns = bars.columns(scale)
            _check_times(part, columns, interval)
        if adjusted_scale != bars.adjusted_scale and "adjusted_close" in columns:
            finer = adjusted_scale - bars.adjusted_scale
            columns["adjusted_close"] = rescaled(columns["adjusted_close"], finer)
        tables.append(columns if part.cut is None else _up_to(part.cut, columns))
    shared = set(tables[0]).intersection(*tables[1:])
    return PriceSeries(
        ticker=ticker,
        interval=interval,
        currency=filled[-1][1].currency,
        scale=scale,
        adjusted_scale=adjusted_scale,
        **{name: chained([columns[name] for columns in tables]) for name in shared},
    )


def item_of(series: PriceSeries, key: str, payload: bytes) -> Item:
    """Return bars as the item that holds them, written as a block already."""
    return {
        _PARTITION: partition_of(series.ticker, series.interval),
        _TIMESTAMP: key,
        "last": key_at(series.positions()[-1], series.interval),
        "count": len(series),
        _BLOCK: payload,
    }


def room_for(ticker: Ticker, interval: BarLength, key: str, item_bytes: int) -> int:
    """Return how many bytes a block may have in an item of so many bytes.

    DynamoDB counts names as well as values; a number takes a byte for two digits, and one more.
    """
    names = (_PARTITION, _TIMESTAMP, "last", "count", _BLOCK, "version")
    last = len(_MOMENT if isinstance(interval, IntradayInterval) else _DAY)
    used = sum(map(len, (*names, partition_of(ticker, interval), key))) + last
    return item_bytes - used - _COUNT_BYTES - _VERSION_BYTES


def _held(stored: Stored) -> Held:
    item = stored.item
    key, last = str(item[_TIMESTAMP]), str(item.get("last"))
    with _naming(str(item[_PARTITION]), key):
        bars = Year.of(item) if is_year(item) else _block(item)
        return Held(key, stored.version, bars.ends, bars, last)


def _block(item: Item) -> Block:
    payload = item.get(_BLOCK)
    if not isinstance(payload, bytes):
        raise StoreError(f"{_BLOCK} is {payload!r}")
    block = read_block(payload)
    if block.count != item.get("count"):
        raise StoreError(f"count is {item.get('count')!r}, and the block holds {block.count} bars")
    return block


def _check_times(part: Held, columns: dict[str, Column], interval: BarLength) -> None:
    """Refuse an item whose key and last time are not those of its bars."""
    days, minutes = columns["days"], columns.get("minutes")
    [first] = positions_of(days[:1], None if minutes is None else minutes[:1])
    [last] = positions_of(days[-1:], None if minutes is None else minutes[-1:])
    if key_at(first, interval) < part.key or key_at(last, interval) != part.last:
        spanned = f"{key_at(first, interval)} to {key_at(last, interval)}"
        raise StoreError(f"last is {part.last!r}, and its bars go from {spanned}")


@contextmanager
def _naming(partition: str, key: str) -> Iterator[None]:
    """Say in messages which item is meant."""
    try:
        yield
    except (StoreError, OverflowError) as error:
        raise StoreError(f"{TIME_SERIES.name} {partition}/{key}: {error}") from error


def _up_to(position: int, columns: dict[str, Column]) -> dict[str, Column]:
    stop = bisect_left(positions_of(columns["days"], columns.get("minutes")), position)
    return {name: column[:stop] for name, column in columns.items()}
