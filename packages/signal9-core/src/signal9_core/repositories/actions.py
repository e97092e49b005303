"""Splits and dividends, an item each, beside the prices that they explain."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from ..domain.adjustment import CorporateAction
from ..domain.coverage import join_spans
from ..ports import Span
from ..tables import TIME_SERIES
from .optimistic import change_item, compare_items, fields_of, to_item, write_items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..domain.coverage import Coverage, Days
    from ..domain.model import Ticker
    from ..ports import Item, Store

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
        items = [(action, _item(action)) for action in actions]
        changes = compare_items(self._store, TIME_SERIES, items)
        write_items(self._store, TIME_SERIES, changes)
        return len(changes)

    def delete(self, actions: Iterable[CorporateAction]) -> None:
        """Delete actions that were withdrawn."""
        for action in actions:
            item = _item(action)
            key = {name: str(item[name]) for name in TIME_SERIES.key_attributes}
            self._store.delete(TIME_SERIES, key)

    def note_coverage(self, ticker: Ticker, *spans: Days) -> None:
        """Note that no action is missing in these days, beside those that are noted already."""
        key = {TIME_SERIES.partition_key: _partition(ticker), "timestamp": _COVERAGE}

        def extended(item: Item | None) -> Item:
            joined = join_spans([*_coverage(item), *spans])
            return {**key, "spans": [f"{first}/{last}" for first, last in joined]}

        change_item(self._store, TIME_SERIES, key, extended)

    def forget_coverage(self, ticker: Ticker) -> None:
        """Take back that no action is missing, so that all are requested again."""
        key = {TIME_SERIES.partition_key: _partition(ticker), "timestamp": _COVERAGE}
        self._store.delete(TIME_SERIES, key)

    def known(
        self, ticker: Ticker, first: date | None = None
    ) -> tuple[list[CorporateAction], Coverage]:
        """Return the actions on `first` or later, oldest first, and the days with none missing."""
        span = Span(None if first is None else first.isoformat())
        page = self._store.query(TIME_SERIES, _partition(ticker), span=span)
        items = {str(item["timestamp"]): item for item, _ in page.items}
        coverage = _coverage(items.pop(_COVERAGE, None))
        return [_action(item) for item in items.values()], coverage

    def since(self, ticker: Ticker, first: date | None = None) -> list[CorporateAction]:
        """Return the actions on `first` or later, oldest first."""
        return self.known(ticker, first)[0]


def _partition(ticker: Ticker) -> str:
    return f"{ticker}#actions"


def _coverage(item: Item | None) -> Coverage:
    spans = None if item is None else item.get("spans")
    texts = map(str, spans) if isinstance(spans, list) else ()
    days = (map(date.fromisoformat, text.split("/")) for text in texts)
    return tuple((first, last) for first, last in days)


def _item(action: CorporateAction) -> Item:
    return {
        **to_item(action),
        TIME_SERIES.partition_key: _partition(action.ticker),
        "timestamp": f"{action.ex_date}#{action.kind}",
    }


def _action(item: Item) -> CorporateAction:
    return CorporateAction.model_validate(fields_of(item, TIME_SERIES.key_attributes))
