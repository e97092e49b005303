"""Daily prices, an item for each company and quarter; splits and dividends, an item each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.adjustment import CorporateAction
from ..domain.coverage import Coverage, Days, join_spans
from ..domain.prices import Interval, LongInterval, PriceSeries
from ..domain.timeseries import common_units, concat, merge, split
from ..errors import ConflictError, DamagedItemError
from ..ports import ABSENT, Item, Span, Store
from ..tables import TIME_SERIES
from .optimistic import change_item, compare_items, fields_of, to_item, write_items
from .price_codec import decode_bars, encode_bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..domain.model import Ticker

_TIMESTAMP: Final = "timestamp"
_BARS: Final = "bars"
_USUAL_BARS: Final = 60
"""Most quarters have 61 to 64 bars."""

_MOST_BARS: Final = 92
"""No quarter has more days."""


@dataclass(frozen=True)
class PriceChange:
    """The bars that a merge changed: `count` in all, `added` of which were not there before."""

    first: date
    last: date
    count: int
    added: int
    quarters: Sequence[_Quarter] = field(default=(), repr=False, compare=False)


class PriceRepository:
    """The daily bars of every company."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def merge(self, series: PriceSeries) -> PriceChange | None:
        """Add bars and correct those that differ; return what changed, `None` for nothing.

        Repeating it changes nothing, and concurrent writers lose no bar.
        """
        change = self.compare(series)
        if change is not None:
            self.write(change)
        return change

    def compare(
        self, series: PriceSeries, choose: Callable[[PriceSeries], PriceSeries] | None = None
    ) -> PriceChange | None:
        """Return what merging these bars would change, `None` for nothing.

        `choose` gets the stored bars of their days and returns those to merge.
        """
        if series.interval is not Interval.DAY:
            raise ValueError(f"{series.ticker}: only daily bars are stored, not {series.interval}")
        quarters = list(self._compare_quarters(series, choose)) if len(series) else []
        if not quarters:
            return None
        days = [date.fromordinal(day) for quarter in quarters for day in quarter.days]
        added = sum(quarter.added for quarter in quarters)
        return PriceChange(min(days), max(days), len(days), added, quarters)

    def write(self, change: PriceChange) -> None:
        """Store changed bars beside what others have written since."""
        for quarter in change.quarters:
            try:
                item = _item(quarter.after)
                self._store.put(TIME_SERIES, item, expected=quarter.version)
            except ConflictError:
                key = _key(quarter.bars)
                change_item(self._store, TIME_SERIES, key, partial(_merged_item, quarter.bars))

    def between(
        self,
        ticker: Ticker,
        first: date | None = None,
        last: date | None = None,
        *,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = True,
    ) -> PriceSeries:
        """Return the bars from `first` to `last`, both included, oldest first; maybe none.

        With a limit, only the oldest ones or, with `newest_first`, the newest ones are read.
        Unless `consistent`, recent writes may be missing, for half the price.
        """
        span = Span(
            None if first is None else _quarter_of(first),
            None if last is None else _quarter_of(last),
        )
        parts = self._quarters(
            ticker, span, limit=limit, newest_first=newest_first, consistent=consistent
        )
        ordered = parts[::-1] if newest_first else parts
        series = concat(ordered or [PriceSeries.empty(ticker)]).between(first, last)
        if limit is None:
            return series
        start = max(0, len(series) - limit) if newest_first else 0
        return series.slice(start, start + limit)

    def latest(self, ticker: Ticker, count: int = 1, *, consistent: bool = True) -> PriceSeries:
        """Return the newest bars, at most `count`, oldest of them first; maybe none."""
        return self.between(ticker, limit=count, newest_first=True, consistent=consistent)

    def _quarters(
        self, ticker: Ticker, span: Span, *, limit: int | None, newest_first: bool, consistent: bool
    ) -> list[PriceSeries]:
        """Return quarters; with a limit, no more than needed for so many bars of any range."""
        quarters: list[PriceSeries] = []
        cursor = None
        while True:
            page = self._store.query(
                TIME_SERIES,
                _partition(ticker),
                span=span,
                newest_first=newest_first,
                limit=None if limit is None else 2 + limit // _USUAL_BARS,
                cursor=cursor,
                consistent=consistent,
            )
            quarters += [_bars_of(ticker, stored.item) for stored in page.items]
            cursor = page.cursor
            # The first quarter may have all of its bars outside the range.
            enough = limit is not None and sum(map(len, quarters)) >= limit + _MOST_BARS
            if cursor is None or enough:
                return quarters

    def _compare_quarters(
        self, series: PriceSeries, choose: Callable[[PriceSeries], PriceSeries] | None
    ) -> Iterator[_Quarter]:
        """Yield what changes, quarter by quarter."""
        span = Span(_quarter_of(series.day(0)), _quarter_of(series.day(-1)))
        page = self._store.query(TIME_SERIES, _partition(series.ticker), span=span)
        versions = {str(stored.item[_TIMESTAMP]): stored.version for stored in page.items}
        known = {
            str(stored.item[_TIMESTAMP]): _bars_of(series.ticker, stored.item)
            for stored in page.items
        }
        if choose is not None:
            stored = concat(list(known.values()) or [PriceSeries.empty(series.ticker)])
            series = choose(stored.between(series.day(0), series.day(-1)))
        for bars in split(series, LongInterval.QUARTER):
            quarter = _quarter_of(bars.day(0))
            before = known.get(quarter, PriceSeries.empty(series.ticker))
            after = merge(before, bars)
            days = _changed_days(before, after)
            if days:
                version = versions.get(quarter, ABSENT)
                yield _Quarter(bars, after, version, days, len(after) - len(before))


class _Quarter(NamedTuple):
    """A quarter that changes: the bars that came, and what is stored with them."""

    bars: PriceSeries
    after: PriceSeries
    version: int
    days: set[int]
    added: int


def _partition(ticker: Ticker) -> str:
    return f"{ticker}#1d"


def _quarter_of(day: date) -> str:
    """Return the first day of a quarter, which is the key of its item."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1).isoformat()


def _key(bars: PriceSeries) -> dict[str, str]:
    return {
        TIME_SERIES.partition_key: _partition(bars.ticker),
        _TIMESTAMP: _quarter_of(bars.day(0)),
    }


def _item(bars: PriceSeries) -> Item:
    return {**_key(bars), _BARS: encode_bars(bars)}


def _bars_of(ticker: Ticker, item: Item | None) -> PriceSeries:
    """Return the bars in an item, none if it is absent; `DamagedItemError` if it is damaged."""
    if item is None:
        return PriceSeries.empty(ticker)
    encoded = item.get(_BARS)
    try:
        return decode_bars(ticker, encoded if isinstance(encoded, bytes) else b"")
    except ValueError as error:
        place = f"{_partition(ticker)}/{item[_TIMESTAMP]!s}"
        raise DamagedItemError(TIME_SERIES.name, place, str(error)) from error


def _merged_item(bars: PriceSeries, item: Item | None) -> Item | None:
    """Return an item with these bars, `None` if it has them already."""
    before = _bars_of(bars.ticker, item)
    after = merge(before, bars)
    return _item(after) if _changed_days(before, after) else None


def _changed_days(before: PriceSeries, after: PriceSeries) -> set[int]:
    known, rows = (set(_rows(series)) for series in common_units([before, after]))
    return {row[0] for row in rows - known}


def _rows(series: PriceSeries) -> Iterator[tuple[int, ...]]:
    return zip(*series.columns().values(), strict=True)


_COVERAGE: Final = "known"
"""The sort key of a company's coverage, which comes after all days."""


class ActionRepository:
    """The splits and dividends of every company."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(self, actions: Iterable[CorporateAction]) -> int:
        """Store actions, and return how many were new or different.

        A company has one split and one dividend a day; of several the last one stays.
        """
        items = [(action, _action_item(action)) for action in actions]
        changes = compare_items(self._store, TIME_SERIES, items)
        write_items(self._store, TIME_SERIES, changes)
        return len(changes)

    def delete(self, actions: Iterable[CorporateAction]) -> None:
        """Delete actions that were withdrawn."""
        for action in actions:
            item = _action_item(action)
            key = {name: str(item[name]) for name in TIME_SERIES.key_attributes}
            self._store.delete(TIME_SERIES, key)

    def note_coverage(self, ticker: Ticker, *spans: Days) -> None:
        """Note that no action is missing in these days, beside those that are noted already."""
        key = {TIME_SERIES.partition_key: _actions_of(ticker), _TIMESTAMP: _COVERAGE}

        def extended(item: Item | None) -> Item:
            joined = join_spans([*_coverage(item), *spans])
            return {**key, "spans": [f"{first}/{last}" for first, last in joined]}

        change_item(self._store, TIME_SERIES, key, extended)

    def forget_coverage(self, ticker: Ticker) -> None:
        """Take back that no action is missing, so that all are requested again."""
        key = {TIME_SERIES.partition_key: _actions_of(ticker), _TIMESTAMP: _COVERAGE}
        self._store.delete(TIME_SERIES, key)

    def known(
        self, ticker: Ticker, first: date | None = None
    ) -> tuple[list[CorporateAction], Coverage]:
        """Return the actions on `first` or later, oldest first, and the days with none missing."""
        span = Span(None if first is None else first.isoformat())
        page = self._store.query(TIME_SERIES, _actions_of(ticker), span=span)
        items = {str(item[_TIMESTAMP]): item for item, _ in page.items}
        coverage = _coverage(items.pop(_COVERAGE, None))
        return [_action(item) for item in items.values()], coverage

    def since(self, ticker: Ticker, first: date | None = None) -> list[CorporateAction]:
        """Return the actions on `first` or later, oldest first."""
        return self.known(ticker, first)[0]


def _actions_of(ticker: Ticker) -> str:
    return f"{ticker}#actions"


def _coverage(item: Item | None) -> Coverage:
    spans = None if item is None else item.get("spans")
    texts = map(str, spans) if isinstance(spans, list) else ()
    days = (map(date.fromisoformat, text.split("/")) for text in texts)
    return tuple((first, last) for first, last in days)


def _action_item(action: CorporateAction) -> Item:
    return {
        **to_item(action),
        TIME_SERIES.partition_key: _actions_of(action.ticker),
        _TIMESTAMP: f"{action.ex_date}#{action.kind}",
    }


def _action(item: Item) -> CorporateAction:
    return CorporateAction.model_validate(fields_of(item, TIME_SERIES.key_attributes))
