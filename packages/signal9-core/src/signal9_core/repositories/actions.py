"""Splits and dividends, an item each, beside the prices that they explain."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from ..domain import CorporateAction, Ticker
from ..ports import Item, Span, Store
from ..tables import TIME_SERIES
from .optimistic import Foretell, change_item, ignore, sync_items, to_item

__all__ = ["ActionRepository", "KnownActions"]

_PLACE: Final = frozenset({*TIME_SERIES.key_attributes, "other"})
_KNOWN: Final = "known"
"""The item that says of which days none is missing stands behind all days."""


class KnownActions(NamedTuple):
    """Splits and dividends, oldest first; of the days of `told` none is missing, both included."""

    actions: list[CorporateAction]
    told: tuple[date, date] | None


class ActionRepository:
    """What companies did to their shares."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self, actions: Iterable[CorporateAction], foretell: Foretell[list[CorporateAction]] = ignore
    ) -> int:
        """Store actions, and return how many were not stored just so.

        Of one company there is one split and one dividend a day; of several the last one stays.
        """

        def foretold(items: list[Item]) -> None:
            foretell([_action(each) for each in items])

        return len(sync_items(self._store, TIME_SERIES, map(_item, actions), foretold))

    def note_told(self, ticker: Ticker, first: date, last: date) -> None:
        """Remember that of these days nothing is missing, beside those that are noted already."""

        def noted(item: Item | None) -> Item | None:
            days = [first, last, *(_told(item) if item is not None else ())]
            told = {"first": min(days).isoformat(), "last": max(days).isoformat()}
            changed = {**_known_key(ticker), **told}
            return None if changed == item else changed

        change_item(self._store, TIME_SERIES, _known_key(ticker), noted)

    def known(self, ticker: Ticker, first: date | None = None) -> KnownActions:
        """Return what happened on `first` or later, and of which days that is all."""
        span = Span(None if first is None else first.isoformat())
        page = self._store.query(TIME_SERIES, _partition(ticker), span=span)
        items = {str(each.item["timestamp"]): each.item for each in page.items}
        noted = items.pop(_KNOWN, None)
        return KnownActions(
            [_action(each) for each in items.values()], None if noted is None else _told(noted)
        )

    def since(self, ticker: Ticker, first: date | None = None) -> list[CorporateAction]:
        """Return what happened on `first` or later, oldest first."""
        return self.known(ticker, first).actions


def _partition(ticker: Ticker) -> str:
    return f"{ticker}#actions"


def _known_key(ticker: Ticker) -> dict[str, str]:
    return {TIME_SERIES.partition_key: _partition(ticker), "timestamp": _KNOWN}


def _told(item: Item) -> tuple[date, date]:
    return date.fromisoformat(str(item["first"])), date.fromisoformat(str(item["last"]))


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
