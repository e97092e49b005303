"""Splits and dividends, an item each, beside the prices that they explain."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from ..domain.adjustment import CorporateAction
from ..ports import Span
from ..tables import TIME_SERIES
from .optimistic import change_item, compare_items, fields_of, to_item, write_items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..domain.model import Ticker
    from ..ports import Item, Store

__all__ = ["ActionRepository", "Coverage"]

Coverage = tuple[date, date]
"""The first and the last day of a span in which no split and no dividend is missing."""

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

    def note_coverage(self, ticker: Ticker, first: date, last: date) -> None:
        """Note that no action is missing between two days, and widen what is noted already."""
        key = {TIME_SERIES.partition_key: _partition(ticker), "timestamp": _COVERAGE}

        def widened(item: Item | None) -> Item:
            days = [first, last, *(_coverage(item) if item is not None else ())]
            return {**key, "first": min(days).isoformat(), "last": max(days).isoformat()}

        change_item(self._store, TIME_SERIES, key, widened)

    def forget_coverage(self, ticker: Ticker) -> None:
        """Take back that no action is missing, so that all are requested again."""
        key = {TIME_SERIES.partition_key: _partition(ticker), "timestamp": _COVERAGE}
        self._store.delete(TIME_SERIES, key)

    def known(
        self, ticker: Ticker, first: date | None = None
    ) -> tuple[list[CorporateAction], Coverage | None]:
        """Return the actions on `first` or later, oldest first, and the coverage."""
        span = Span(None if first is None else first.isoformat())
        page = self._store.query(TIME_SERIES, _partition(ticker), span=span)
        items = {str(item["timestamp"]): item for item, _ in page.items}
        coverage = items.pop(_COVERAGE, None)
        actions = [_action(item) for item in items.values()]
        return actions, None if coverage is None else _coverage(coverage)

    def since(self, ticker: Ticker, first: date | None = None) -> list[CorporateAction]:
        """Return the actions on `first` or later, oldest first."""
        return self.known(ticker, first)[0]


def _partition(ticker: Ticker) -> str:
    return f"{ticker}#actions"


def _coverage(item: Item) -> Coverage:
    return date.fromisoformat(str(item["first"])), date.fromisoformat(str(item["last"]))


def _item(action: CorporateAction) -> Item:
    return {
        **to_item(action),
        TIME_SERIES.partition_key: _partition(action.ticker),
        "timestamp": f"{action.ex_date}#{action.kind}",
    }


def _action(item: Item) -> CorporateAction:
    return CorporateAction.model_validate(fields_of(item, TIME_SERIES.key_attributes))
