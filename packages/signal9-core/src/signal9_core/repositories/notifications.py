"""Notifications of the last three months: claimed once, listed by user, marked as read.

A notification is an item of its own. An inbox, an item per user and month, lists them in order.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.users import Notification
from ..tables import STATE, TTL_ATTRIBUTE
from .optimistic import change_item, instant_key, to_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..ports import Clock, Item, Store

__all__ = ["NotificationRepository", "StoredNotification"]

_KEPT_FOR: Final = timedelta(days=90)
_MOST_IN_A_MONTH: Final = 1_000
_READ_AT: Final = "readAt"
_OWN_ATTRIBUTES: Final = frozenset({"name", TTL_ATTRIBUTE, _READ_AT})
_CHUNK: Final = 100


class StoredNotification(NamedTuple):
    """A notification, and when its user read it."""

    notification: Notification
    read_at: datetime | None


class NotificationRepository:
    """Notifications of the last three months: the latest thousand of each user and month."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def claim(self, notifications: Sequence[Notification]) -> list[Notification]:
        """Store notifications for their users to read; return those that were new, each once.

        Of several processes that claim the same one, a single process gets it back.
        """
        by_name = {_name(notification.id): notification for notification in notifications}
        stored = self._store.get_many(STATE, ({"name": name} for name in by_name))
        for item, _ in stored:
            del by_name[str(item["name"])]
        now = self._clock()
        expires = int((now + _KEPT_FOR).timestamp())
        by_user: dict[str, list[str]] = {}
        for notification in by_name.values():
            position = f"{instant_key(now)}#{notification.id}"
            by_user.setdefault(notification.user_id, []).append(position)
        # A notification that no inbox lists would never be shown; one listed in vain is skipped.
        for user_id, positions in by_user.items():
            self._list(_inbox(user_id, now), positions, expires)
        items = [_item(notification, expires) for notification in by_name.values()]
        for item in self._store.put_new(STATE, items):
            del by_name[str(item["name"])]
        return list(by_name.values())

    def release(self, notifications: Iterable[Notification]) -> None:
        """Give up claims of what could not be sent, so that the next attempt claims it again."""
        for notification in notifications:
            self._store.delete(STATE, {"name": _name(notification.id)})

    def of_user(
        self, user_id: str, *, after: str | None = None
    ) -> Iterator[tuple[str, StoredNotification]]:
        """Yield a user's notifications with their positions, latest first, from after one on."""
        positions = [
            position for position in self._positions(user_id) if after is None or position < after
        ]
        for start in range(0, len(positions), _CHUNK):
            yield from self._at(user_id, positions[start : start + _CHUNK])

    def mark_read(self, user_id: str, notification_id: str) -> StoredNotification | None:
        """Note that a user read a notification; `None` if they have no such notification."""
        read_at = instant_key(self._clock())
        marked: StoredNotification | None = None

        def mark(item: Item | None) -> Item | None:
            nonlocal marked
            if item is None or item.get("userId") != user_id:
                return None
            after = {_READ_AT: read_at, **item}
            marked = _stored(after)
            return after

        change_item(self._store, STATE, {"name": _name(notification_id)}, mark)
        return marked

    def forget(self, user_id: str) -> None:
        """Delete a user's notifications."""
        for position in self._positions(user_id):
            self._store.delete(STATE, {"name": _name(_id(position))})
        for name in self._inboxes(user_id):
            self._store.delete(STATE, {"name": name})

    def _list(self, inbox: str, positions: Sequence[str], expires: int) -> None:
        pushed_out: list[str] = []

        def added(item: Item | None) -> Item | None:
            nonlocal pushed_out
            listed = sorted({*_listed(item), *positions})
            pushed_out = listed[:-_MOST_IN_A_MONTH]
            latest = listed[-_MOST_IN_A_MONTH:]
            return {"name": inbox, "positions": latest, TTL_ATTRIBUTE: expires}

        change_item(self._store, STATE, {"name": inbox}, added)
        # What no inbox lists any more cannot be read; that it was claimed stays.
        claims: list[Item] = [
            {"name": _name(_id(position)), TTL_ATTRIBUTE: expires} for position in pushed_out
        ]
        self._store.put_many(STATE, claims)

    def _inboxes(self, user_id: str) -> list[str]:
        now = self._clock()
        days = (now - timedelta(days=ago) for ago in range(_KEPT_FOR.days + 1))
        return sorted({_inbox(user_id, day) for day in days})

    def _positions(self, user_id: str) -> list[str]:
        """Return the positions in a user's inboxes, latest first, each notification once."""
        stored = self._store.get_many(STATE, ({"name": name} for name in self._inboxes(user_id)))
        positions = sorted(position for item, _ in stored for position in _listed(item))
        latest = {_id(position): position for position in positions}
        return sorted(latest.values(), reverse=True)

    def _at(
        self, user_id: str, positions: Sequence[str]
    ) -> Iterator[tuple[str, StoredNotification]]:
        names = {position: _name(_id(position)) for position in positions}
        stored = self._store.get_many(STATE, ({"name": name} for name in names.values()))
        by_name = {str(item["name"]): item for item, _ in stored}
        for position, name in names.items():
            item = by_name.get(name)
            if item is not None and item.get("userId") == user_id:
                yield position, _stored(item)


def _name(notification_id: str) -> str:
    return f"notification/{notification_id}"


def _inbox(user_id: str, moment: datetime) -> str:
    return f"inbox/{user_id}/{instant_key(moment)[:7]}"


def _id(position: str) -> str:
    return position.partition("#")[2]


def _listed(item: Item | None) -> list[str]:
    positions = None if item is None else item.get("positions")
    return [str(position) for position in positions] if isinstance(positions, list) else []


def _item(notification: Notification, expires: int) -> Item:
    return {**to_item(notification), "name": _name(notification.id), TTL_ATTRIBUTE: expires}


def _stored(item: Item) -> StoredNotification:
    fields = {name: value for name, value in item.items() if name not in _OWN_ATTRIBUTES}
    read_at = item.get(_READ_AT)
    return StoredNotification(
        Notification.model_validate(fields),
        None if read_at is None else datetime.fromisoformat(str(read_at)),
    )
