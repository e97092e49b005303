"""Price history, a calendar year of one company's bars per item."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from ..domain import PRICE_COLUMNS, Column, Interval, PriceSeries, Ticker, merge
from ..errors import StoreError
from ..ports import Item, Span, Store
from ..tables import TIME_SERIES
from .changes import Foretell, change_item, ignore

__all__ = ["PriceChange", "PriceRepository"]

_COLUMNS: Final = (*PRICE_COLUMNS, "volume")


@dataclass(frozen=True)
class PriceChange:
    """Which bars a merge added or corrected."""

    first: date
    last: date
    count: int


class PriceRepository:
    """The bars of every company."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def merge(
        self, series: PriceSeries, foretell: Foretell[PriceChange] = ignore
    ) -> PriceChange | None:
        """Add bars and correct those that differ; return what changed, `None` for nothing.

        Repeating it changes nothing, and two writers never lose a bar.
        """
        stored = self._blocks(series.ticker, series.interval, *_reach(series))
        years = [(year, _merged(stored.get(_block(year)), year)[1]) for year in _years(series)]
        days = [day for _, changed in years for day in changed]
        if not days:
            return None
        change = PriceChange(date.fromordinal(min(days)), date.fromordinal(max(days)), len(days))
        foretell(change)
        for year, changed in years:
            if changed:
                self._merge_year(year)
        return change

    def between(
        self,
        ticker: Ticker,
        first: date | None = None,
        last: date | None = None,
        *,
        interval: Interval = Interval.DAY,
    ) -> PriceSeries:
        """Return the stored bars from `first` to `last`, both included; maybe none."""
        joined = _empty(ticker, interval)
        for item in self._blocks(ticker, interval, first, last).values():
            joined = _joined(joined, _series(item, ticker, interval))
        return joined.between(first, last)

    def _blocks(
        self, ticker: Ticker, interval: Interval, first: date | None, last: date | None
    ) -> dict[str, Item]:
        span = Span(
            None if first is None else f"{first.year:04}-01-01",
            None if last is None else f"{last.year:04}-12-31",
        )
        page = self._store.query(TIME_SERIES, _partition(ticker, interval), span=span)
        return {str(each.item["timestamp"]): each.item for each in page.items}

    def _merge_year(self, series: PriceSeries) -> None:
        def merged(item: Item | None) -> Item | None:
            after, changed = _merged(item, series)
            return _item(after) if changed else None

        key = {
            TIME_SERIES.partition_key: _partition(series.ticker, series.interval),
            "timestamp": _block(series),
        }
        change_item(self._store, TIME_SERIES, key, merged)


def _merged(item: Item | None, series: PriceSeries) -> tuple[PriceSeries, list[int]]:
    """Return a year's bars with those of `series` among them, and the days that differ."""
    before = _empty(series.ticker, series.interval)
    if item is not None:
        before = _series(item, series.ticker, series.interval)
    after = merge(before, series) if len(before) else series
    return after, _differing_days(before, after)


def _partition(ticker: Ticker, interval: Interval) -> str:
    return f"{ticker}#{interval.value}"


def _block(series: PriceSeries) -> str:
    return f"{series.day(0).year:04}-01-01"


def _reach(series: PriceSeries) -> tuple[date | None, date | None]:
    return (series.day(0), series.day(-1)) if len(series) else (None, None)


def _years(series: PriceSeries) -> Iterator[PriceSeries]:
    if len(series):
        for year in range(series.day(0).year, series.day(-1).year + 1):
            part = series.between(date(year, 1, 1), date(year, 12, 31))
            if len(part):
                yield part


def _empty(ticker: Ticker, interval: Interval) -> PriceSeries:
    nothing = array("q")
    return PriceSeries(
        ticker=ticker,
        interval=interval,
        days=array("i"),
        open=nothing,
        high=nothing,
        low=nothing,
        close=nothing,
        volume=nothing,
    )


def _joined(older: PriceSeries, newer: PriceSeries) -> PriceSeries:
    return merge(older, newer) if len(older) else newer


def _differing_days(before: PriceSeries, after: PriceSeries) -> list[int]:
    known = dict(zip(before.days, _rows(before), strict=True))
    return [day for day, row in zip(after.days, _rows(after), strict=True) if known.get(day) != row]


def _rows(series: PriceSeries) -> Iterator[tuple[object, ...]]:
    exact = [series.prices(name) for name in PRICE_COLUMNS]
    return zip(*exact, series.volume, series.adjusted_closes(), strict=True)


def _item(series: PriceSeries) -> Item:
    columns = {name: list(getattr(series, name)) for name in _COLUMNS}
    if series.adjusted_close is not None:
        columns["adjustedClose"] = list(series.adjusted_close)
    return {
        TIME_SERIES.partition_key: _partition(series.ticker, series.interval),
        "timestamp": _block(series),
        "last": series.day(-1).isoformat(),
        "count": len(series),
        "currency": series.currency,
        "scale": series.scale,
        "adjustedScale": series.adjusted_scale,
        "days": list(series.days),
        **columns,
    }


def _series(item: Item, ticker: Ticker, interval: Interval) -> PriceSeries:
    return PriceSeries(
        ticker=ticker,
        interval=interval,
        currency=str(item["currency"]),
        scale=_whole(item, "scale"),
        adjusted_scale=_whole(item, "adjustedScale"),
        days=_column(item, "days", "i"),
        open=_column(item, "open"),
        high=_column(item, "high"),
        low=_column(item, "low"),
        close=_column(item, "close"),
        volume=_column(item, "volume"),
        adjusted_close=_column(item, "adjustedClose") if "adjustedClose" in item else None,
    )


def _whole(item: Item, name: str) -> int:
    value = item.get(name)
    if not isinstance(value, int):
        raise StoreError(f"TimeSeries {item.get('ticker#dataType')}: {name} is {value!r}")
    return value


def _column(item: Item, name: str, kind: str = "q") -> Column:
    value = item.get(name)
    if not isinstance(value, list):
        raise StoreError(f"TimeSeries {item.get('ticker#dataType')}: {name} is {value!r}")
    return array(kind, value)
