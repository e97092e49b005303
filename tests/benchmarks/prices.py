"""What storing and reading daily prices costs: bytes, DynamoDB's units, milliseconds, memory.

The histories are the recorded ones of 1,681 to 5,303 bars or, without recordings, the sample's.
"""

import csv
import os
import tracemalloc
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from signal9_core.domain.adjustment import CorporateAction, adjust
from signal9_core.domain.prices import PRICE_COLUMNS, Bar, Interval, LongInterval, PriceSeries
from signal9_core.domain.timeseries import concat, split
from signal9_core.ports import Item, Store
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.repositories.price_codec import decode_bars, encode_bars
from signal9_core.repositories.prices import PriceRepository
from signal9_core.schemas.base import to_json
from signal9_core.schemas.prices import PricesAnswer
from signal9_core.services.prices import bar_rows
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import TIME_SERIES

from .measure import Measure
from .metering import Meter
from .report import say
from .timing import best_ms, milliseconds

__all__ = ["measures"]

_RECORDINGS: Final = Path(
    os.environ.get("SIGNAL9_RECORDINGS", Path(__file__).parents[3] / "shared" / "recordings")
)
_FIVE_YEARS: Final = 1_258
_MANY: Final = 10_000
_READS: Final = 300


def measures() -> Iterator[Measure]:
    """Yield size, units, times and memory; each history has to come back bit for bit."""
    histories = _histories()
    long = max(histories, key=len)
    yield from _sizes(histories)
    yield from _units(long)
    yield from _times(long)
    yield from _files(long)
    yield Measure("prices_memory", _bytes_in_memory(long), "bytes/bar", 64, "lower")


def _histories() -> list[PriceSeries]:
    """Return whole histories as traded."""
    folder = _RECORDINGS / "alphavantage" / "TIME_SERIES_DAILY_ADJUSTED"
    if folder.is_dir():
        return [_recorded(path) for path in sorted(folder.glob("*_full_*.csv"))]
    say(f"no recordings in {_RECORDINGS}: the sample is measured instead")
    sample = map(SampleProvider().history, ("AAPL", "IBM", "MSFT"))
    bars = [history.bars for history in sample if history is not None]
    return [series for series in bars if series is not None]


def _recorded(path: Path) -> PriceSeries:
    ticker = path.name.partition("_")[0]
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            {"day": row["timestamp"], **{name: row[name] for name in (*PRICE_COLUMNS, "volume")}}
            for row in csv.DictReader(file)
        ]
    return PriceSeries.from_bars(
        ticker, [Bar.model_validate({"ticker": ticker, **row}) for row in rows]
    )


def _sizes(histories: Sequence[PriceSeries]) -> Iterator[Measure]:
    bytes_a_bar, largest = [], 0
    for series in histories:
        encoded = [encode_bars(part) for part in split(series, LongInterval.QUARTER)]
        decoded = concat([decode_bars(series.ticker, payload) for payload in encoded])
        _expect(decoded == series, f"{series.ticker} comes back bit for bit")
        sizes = [*map(len, encoded)]
        bytes_a_bar.append(sum(sizes) / len(series))
        largest = max(largest, *sizes)
        say(f"{series.ticker}: {len(series):,} bars, {bytes_a_bar[-1]:.2f} bytes/bar")
    yield Measure("prices_bytes", fmean(bytes_a_bar), "bytes/bar", 13, "lower")
    yield Measure("prices_quarter", largest, "bytes", 1_081, "lower")


def _units(series: PriceSeries) -> Iterator[Measure]:
    """Yield DynamoDB's units, beside those of an item for each bar."""
    meter, peer = Meter(), "an item a bar"
    repository = PriceRepository(cast("Store", meter))
    appended = len(series) - 252
    repository.merge(series.slice(0, appended))
    backfill, most = meter.write_units, 0
    yield Measure("prices_backfill", backfill, "units", 90, "lower", peer, appended / backfill)
    for at in range(appended, len(series)):
        written = meter.write_units
        repository.merge(series.slice(at, at + 1))
        most = max(most, meter.write_units - written)
    yield Measure("prices_append", most, "units", 1, "lower", peer, 1)
    before = meter.read_units
    bars = repository.between(series.ticker, series.day(-_FIVE_YEARS), consistent=False)
    _expect(len(bars) == _FIVE_YEARS, "five years come back whole")
    read = meter.read_units - before
    ratio = sum(_bar_bytes(bar) for bar in bars) / 4096 / 2 / read
    yield Measure("prices_read_5y", read, "units", 3, "lower", peer, ratio)


def _bar_item(bar: Bar) -> Item:
    prices = {name[0]: getattr(bar, name) for name in PRICE_COLUMNS}
    return {"t": bar.ticker, "d": bar.day.isoformat(), **prices, "v": bar.volume}


def _bar_bytes(bar: Bar) -> int:
    """Return the size of an item with short names; a number takes a byte for two digits."""
    return sum(
        len(name) + (len(value) if isinstance(value, str) else (len(str(value)) + 1) // 2 + 1)
        for name, value in _bar_item(bar).items()
    )


def _times(series: PriceSeries) -> Iterator[Measure]:
    """Yield the times of five years: decoded, adjusted, and as JSON."""
    last = series.slice(len(series) - _FIVE_YEARS, len(series))
    encoded = [encode_bars(part) for part in split(last, LongInterval.QUARTER)]
    serializer, deserialize = TypeSerializer(), TypeDeserializer().deserialize
    bars: list[dict[str, Any]] = [
        {name: serializer.serialize(value) for name, value in _bar_item(bar).items()}
        for bar in last
    ]
    ours, theirs = best_ms(
        lambda: concat([decode_bars(last.ticker, payload) for payload in encoded]),
        lambda: [{name: deserialize(value) for name, value in bar.items()} for bar in bars],
    )
    yield Measure("prices_decode_5y", ours, "ms", 1.5, "lower", "boto3 items", theirs / ours)
    adjusting, answering = best_ms(
        partial(adjust, last, _actions(last)), lambda: to_json(_answer(last))
    )
    yield Measure("prices_adjust_5y", adjusting, "ms", 1, "lower")
    yield Measure("prices_json_5y", answering, "ms", 10, "lower")


def _actions(series: PriceSeries) -> list[CorporateAction]:
    """Return a dividend each quarter, and a split in the middle."""
    quarters = range(0, len(series), 63)
    paid = [(series.day(at), "dividend", {"amount": Decimal("0.26")}) for at in quarters]
    halfway = (series.day(len(series) // 2), "split", {"ratio": Decimal(7)})
    return [
        CorporateAction.model_validate(
            {"ticker": series.ticker, "ex_date": day, "kind": kind, **figure}
        )
        for day, kind, figure in (*paid, halfway)
    ]


def _answer(series: PriceSeries) -> PricesAnswer:
    return PricesAnswer.model_construct(
        ticker=series.ticker,
        interval=Interval.DAY,
        adjusted=False,
        currency=series.currency,
        items=bar_rows(series),
        next_cursor=None,
        freshness=None,
    )


def _files(series: PriceSeries) -> Iterator[Measure]:
    """Yield how long five years take out of a file with one company, and with very many."""
    meter = Meter()
    PriceRepository(cast("Store", meter)).merge(
        series.slice(len(series) - _FIVE_YEARS, len(series))
    )
    items = meter.items(f"{series.ticker}#1d")
    few, many = _read_ms(items, 1), _read_ms(items, _MANY)
    yield Measure("prices_sqlite_5y", few, "ms", 2, "lower")
    yield Measure("prices_sqlite_many", many / few, "times as long", 2, "lower")


def _read_ms(items: Sequence[Item], companies: int) -> float:
    with TemporaryDirectory() as folder, SqliteStore.open(Path(folder, "prices.db")) as store:
        partitions = [f"T{number}#1d" for number in range(companies)]
        store.put_many(
            TIME_SERIES,
            (
                {**item, TIME_SERIES.partition_key: partition}
                for partition in partitions
                for item in items
            ),
        )
        repository = PriceRepository(store)
        step = max(1, companies // _READS)
        read = [f"T{at * step % companies}" for at in range(_READS)]
        return median(milliseconds(partial(repository.between, ticker)) for ticker in read)


def _bytes_in_memory(series: PriceSeries) -> float:
    meter = Meter()
    repository = PriceRepository(cast("Store", meter))
    repository.merge(series)
    repository.between(series.ticker)  # so that nothing is loaded for the first time below
    tracemalloc.start()
    try:
        bars = repository.between(series.ticker)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return used / len(bars)


def _expect(truth: bool, promise: str) -> None:
    """Stop the benchmark where what it measures does not do its work."""
    if not truth:
        raise RuntimeError(f"expected that {promise}")
