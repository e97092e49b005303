"""What keeping and reading daily prices costs, on the bundled tickers.

Twenty years are 5,000 bars, five years 1,258. The sample has thirteen years; where more are needed
its first bars follow once more after its last ones, on later days.
"""

import tracemalloc
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from signal9_core.domain import PRICE_COLUMNS, CorporateAction, Interval, PriceSeries, adjust, merge
from signal9_core.ports import Item, Page, Store, Stored
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.repositories import PriceRepository
from signal9_core.stores import dynamodb as wire
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import TIME_SERIES

from .measure import Measure
from .metering import Meter, item_bytes
from .price_bodies import parsing
from .price_stream import bare
from .timing import best_ms, installed, milliseconds

__all__ = ["measures"]

_TICKERS: Final = ("AAPL", "IBM", "MSFT")
_FIVE_YEARS: Final = 1_258
_TWENTY_YEARS: Final = 5_000
_PARSED: Final = 6_000
_MANY: Final = 10_000
_READS: Final = 300
_CENTS: Final = 2

Call = Callable[[], object]


def measures() -> Iterator[Measure]:
    """Yield size, units, times and memory, beside an item for each bar and the best compressor."""
    sample = SampleProvider()
    full = [series for series in map(sample.prices, _TICKERS) if series is not None]
    yield from parsing(_extended(full[0], _PARSED))
    yield from _sizes("cents", [_in_cents(series) for series in full], 8.6)
    yield from _sizes("full", full, 11.2)
    yield from _units(full)
    yield from _decoding(full[0])
    yield from _files(full[0])
    yield Measure("prices_memory", _bytes_in_memory(full[0]), "bytes/bar", 64, "lower")


def _in_cents(series: PriceSeries) -> PriceSeries:
    """Return prices and adjusted closes with two decimals, as most of them were quoted."""
    adjusted = _rounded(series.adjusted_close or array("q"), series.adjusted_scale)
    return replace(
        series,
        open=_rounded(series.open, series.scale),
        high=_rounded(series.high, series.scale),
        low=_rounded(series.low, series.scale),
        close=_rounded(series.close, series.scale),
        scale=_CENTS,
        adjusted_close=adjusted,
        adjusted_scale=_CENTS,
    )


def _rounded(values: Sequence[int], scale: int) -> "array[int]":
    unit = 10 ** (scale - _CENTS)
    return array("q", ((value + unit // 2) // unit for value in values))


def _sizes(kind: str, some: Sequence[PriceSeries], goal: float) -> Iterator[Measure]:
    """Yield bytes a bar with keys and all, beside one stream for a whole history.

    That can be larger, since blocks choose the units of their prices one by one.
    """
    ours = fmean(sum(map(item_bytes, _items_of(each))) / len(each) for each in some)
    floor = None
    if installed("brotli", "brotli"):
        compress = partial(import_module("brotli").compress, quality=11, lgwin=24)
        floor = fmean(len(compress(bare(each))) / len(each) for each in some)
    peer = None if floor is None else f"brotli, whole ({floor:.2f})"
    ratio = None if floor is None else floor / ours
    yield Measure(f"prices_bytes_{kind}", ours, "bytes/bar", goal, "lower", peer, ratio)


def _items_of(series: PriceSeries) -> list[Item]:
    meter = _stocked(series)
    return meter.items(f"{series.ticker}#1d")


def _stocked(series: PriceSeries) -> Meter:
    meter = Meter()
    _repository(meter).merge(series)
    return meter


def _repository(meter: Meter) -> PriceRepository:
    return PriceRepository(cast("Store", meter))


def _units(some: Sequence[PriceSeries]) -> Iterator[Measure]:
    """Yield the most units of any of the series; an item for each bar takes one for each bar."""
    stocked = [(series, _stocked(series)) for series in map(_extended, some)]
    backfill = max(meter.write_units for _, meter in stocked)
    peer = "an item a bar"
    yield Measure("prices_backfill", backfill, "units", 56, "lower", peer, _TWENTY_YEARS / backfill)
    yield Measure("prices_append", _append_units(some[0]), "units", 1, "lower", peer, 1)
    read = fmean(_read_units(series, meter) for series, meter in stocked)
    bars = fmean(_bar_units(series) for series in some)
    yield Measure("prices_read_5y", read, "units", 2.3, "lower", peer, bars / read)


def _extended(series: PriceSeries, count: int = _TWENTY_YEARS) -> PriceSeries:
    """Return so many bars."""
    more = series.slice(0, count - len(series))
    passed = (series.days[-1] - more.days[0]) // 7 * 7 + 7
    days = array("i", (day + passed for day in more.days))
    return merge(series, replace(more, days=days))


def _append_units(series: PriceSeries) -> float:
    """Return the most units that any bar of a year takes when it comes alone."""
    meter = _stocked(series.slice(0, _FIVE_YEARS))
    repository, most = _repository(meter), 0
    for at in range(_FIVE_YEARS, _FIVE_YEARS + 252):
        before = meter.write_units
        repository.merge(series.slice(at, at + 1))
        most = max(most, meter.write_units - before)
    return most


def _read_units(series: PriceSeries, meter: Meter) -> float:
    """Return what it takes to read as answers are read."""
    first, last = series.day(-_FIVE_YEARS), series.day(-1)
    before = meter.read_units
    found = _repository(meter).between(series.ticker, first, last, consistent=False)
    _expect(len(found) == _FIVE_YEARS, "five years came back whole")
    return meter.read_units - before


def _bar_units(series: PriceSeries) -> float:
    """Return the units of a query, eventual too, for five years of bars with short names."""
    last = series.slice(len(series) - _FIVE_YEARS, len(series))
    items = [_bar_item(last, at) for at in range(len(last))]
    return sum(_size_of_bar(item) for item in items) / 4096 / 2


def _size_of_bar(item: Item) -> int:
    texts = sum(len(name) + len(value) for name, value in item.items() if isinstance(value, str))
    numbers = [(name, value) for name, value in item.items() if not isinstance(value, str)]
    return texts + sum(len(name) + (len(str(value)) + 1) // 2 + 1 for name, value in numbers)


def _bar_item(series: PriceSeries, at: int) -> Item:
    bar = series.bar(at)
    prices = {name[0]: getattr(bar, name) for name in PRICE_COLUMNS}
    adjusted = bar.adjusted_close or Decimal(0)
    key = {"t": bar.ticker, "d": bar.day.isoformat()}
    return {**key, **prices, "a": adjusted, "v": bar.volume}


def _decoding(series: PriceSeries) -> Iterator[Measure]:
    """Yield the times from what DynamoDB sends to five years of columns, and to adjusted ones."""
    last = series.slice(len(series) - _FIVE_YEARS, len(series))
    items = [wire.to_attributes(each) for each in _items_of(last)]
    bars = [_serialized(_bar_item(last, at)) for at in range(len(last))]
    decode = partial(_read, last.ticker, items)
    _expect(decode() == last, "five years decode to what they were")
    ours, theirs = best_ms(decode, partial(_deserialized, bars))
    yield Measure("prices_decode_5y", ours, "ms", 1.5, "lower", "boto3 items", theirs / ours)
    if installed("pynamodb", "PynamoDB"):
        ours, theirs = best_ms(decode, _pynamodb(bars))
        yield Measure("prices_decode_pyn", ours, "ms", 1.5, "lower", "PynamoDB", theirs / ours)
    by_source, by_actions = best_ms(last.adjusted, partial(adjust, last, _actions(last)))
    yield Measure("prices_adjust_5y", by_actions, "ms", 1, "lower")
    yield Measure("prices_by_source_5y", by_source, "ms", 1, "lower")


def _actions(series: PriceSeries) -> list[CorporateAction]:
    """Return a dividend each quarter, and a split in the middle."""
    quarters = range(0, len(series), 63)
    paid = [(series.day(at), "dividend", {"amount": Decimal("0.26")}) for at in quarters]
    split = (series.day(len(series) // 2), "split", {"ratio": Decimal(7)})
    return [
        CorporateAction.model_validate(
            {"ticker": series.ticker, "ex_date": day, "kind": kind, **figure}
        )
        for day, kind, figure in (*paid, split)
    ]


def _read(ticker: str, items: Sequence[Any]) -> PriceSeries:
    return PriceRepository(cast("Store", _Answer(items))).between(ticker)


class _Answer:
    """A store that has one answer, in the form in which DynamoDB sends it."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def query(self, *_: object, **__: object) -> Page:
        """Return all items."""
        return Page([Stored(wire.from_attributes(each), 1) for each in self._items], None)


def _serialized(item: Item) -> dict[str, Any]:
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in item.items()}


def _deserialized(bars: Sequence[dict[str, Any]]) -> object:
    deserialize = TypeDeserializer().deserialize
    return [{name: deserialize(value) for name, value in bar.items()} for bar in bars]


def _pynamodb(bars: Sequence[dict[str, Any]]) -> Call:
    models, kinds = import_module("pynamodb.models"), import_module("pynamodb.attributes")
    attributes = {name: kinds.NumberAttribute() for name in "ohlcav"}
    attributes |= {"t": kinds.UnicodeAttribute(hash_key=True)}
    attributes |= {"d": kinds.UnicodeAttribute(range_key=True)}
    bar: Any = type("Bar", (models.Model,), {**attributes, "Meta": type("Meta", (), _TABLE)})
    return lambda: [bar.from_raw_data(each) for each in bars]


_TABLE: Final = {"table_name": "Bars"}


def _files(series: PriceSeries) -> Iterator[Measure]:
    """Yield how long five years take out of a file with one company, and with very many."""
    last = series.slice(len(series) - _FIVE_YEARS, len(series))
    items = _items_of(last)
    few, many = _read_ms(items, 1), _read_ms(items, _MANY)
    yield Measure("prices_sqlite_5y", few, "ms", 2, "lower")
    yield Measure("prices_sqlite_many", many / few, "times as long", 2, "lower")


def _read_ms(items: Sequence[Item], companies: int) -> float:
    with TemporaryDirectory() as folder, SqliteStore.open(Path(folder, "prices.db")) as store:
        tickers = [f"T{number}" for number in range(companies)]
        store.put_many(
            TIME_SERIES,
            (
                {**item, TIME_SERIES.partition_key: f"{each}#1d"}
                for each in tickers
                for item in items
            ),
        )
        repository = PriceRepository(store)
        step = max(1, companies // _READS)
        wanted = [tickers[at * step % companies] for at in range(_READS)]
        calls = [partial(repository.between, each, interval=Interval.DAY) for each in wanted]
        return median(map(milliseconds, calls))


def _bytes_in_memory(series: PriceSeries) -> float:
    meter = _stocked(_extended(series))
    repository = _repository(meter)
    repository.between(series.ticker)  # so that nothing is loaded for the first time below
    tracemalloc.start()
    try:
        found = repository.between(series.ticker)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return kept / len(found)


def _expect(truth: bool, what: str) -> None:
    """Stop the benchmark where what it measures does not do its work."""
    if not truth:
        raise RuntimeError(f"expected that {what}")
