"""Splits and dividends, an item each, beside the prices that they explain."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from ..domain import CorporateAction, Ticker
from ..ports import Item, Span, Store
from ..tables import TIME_SERIES
from .changes import Foretell, ignore, sync_items
from .codec import to_item

__all__ = ["ActionRepository"]

_PLACE: Final = frozenset({*TIME_SERIES.key_attributes, "other"})


class ActionRepository:
    """What companies did to their shares."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self, actions: Iterable[CorporateAction], foretell: Foretell[list[Item]] = ignore
    ) -> int:
        """Store actions, and return how many were not stored just so.

        Of one company there is one split and one dividend a day; of several the last one stays.
        """
        return len(sync_items(self._store, TIME_SERIES, map(_item, actions), foretell))

    def since(self, ticker: Ticker, first: date | None = None) -> list[CorporateAction]:
        """Return what happened on `first` or later, oldest first."""
        span = Span(None if first is None else first.isoformat())
        page = self._store.query(TIME_SERIES, _partition(ticker), span=span)
        return [_action(each.item) for each in page.items]


def _partition(ticker: Ticker) -> str:
    return f"{ticker}#actions"


def _item(action: CorporateAction) -> Item:
    return {
        **to_item(action),
        TIME_SERIES.partition_key: _partition(action.ticker),
        "timestamp": f"{action.ex_date}#{action.kind}",
    }


def _action(item: Item) -> CorporateAction:
    known = {name: value for name, value in item.items() if name not in _PLACE}
    other = item.get("other")
    return CorporateAction.model_validate(known | (other if isinstance(other, dict) else {}))
