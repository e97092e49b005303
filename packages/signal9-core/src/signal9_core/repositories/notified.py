"""Which notifications went out, so that a repeated event tells nobody anything twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ..domain import Notification
from ..ports import Clock, Item, Store
from ..tables import STATE, TTL_ATTRIBUTE

__all__ = ["NotifiedRepository"]

_REMEMBERED: Final = timedelta(days=90)


class NotifiedRepository:
    """Notifications of the last three months, by their ids alone."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def unsent(self, notifications: Sequence[Notification]) -> list[Notification]:
        """Return those that did not go out before, each once."""
        by_name = {_name(each): each for each in notifications}
        found = self._store.get_many(STATE, ({"name": name} for name in by_name))
        sent = {str(each.item["name"]) for each in found}
        return [each for name, each in by_name.items() if name not in sent]

    def note(self, notifications: Sequence[Notification]) -> None:
        """Remember that these went out."""
        until = self._clock() + _REMEMBERED
        self._store.put_many(STATE, (_item(each, until) for each in notifications))


def _name(notification: Notification) -> str:
    return f"notified/{notification.id}"


def _item(notification: Notification, until: datetime) -> Item:
    return {"name": _name(notification), TTL_ATTRIBUTE: int(until.timestamp())}
