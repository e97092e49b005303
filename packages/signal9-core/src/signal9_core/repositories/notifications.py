"""Notifications of the last three months: claimed once, listed by user, marked as read.

A claim, an item per user and notification, gives it a position in the user's inbox.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.users import Notification
from ..tables import STATE, TTL_ATTRIBUTE, state_key
from .optimistic import ItemRange, change_item, instant_key, scan, to_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..ports import Clock, Item, Store

__all__ = ["NotificationRepository", "StoredNotification"]

_KEPT_FOR: Final = timedelta(days=90)
_CLAIMS: Final = "notified/"
_POSITION: Final = "position"
_READ_AT: Final = "readAt"
_OWN_ATTRIBUTES: Final = frozenset({*STATE.key_attributes, TTL_ATTRIBUTE, _READ_AT})
_PAGE: Final = 100


class StoredNotification(NamedTuple):
    """A notification, and when its user read it."""

    notification: Notification
    read_at: datetime | None


class NotificationRepository:
    """Notifications of the last three months, an item each in their user's inbox."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def claim(self, notifications: Iterable[Notification]) -> list[Notification]:
        """Store notifications for their users to read; return those that were new, each once.

        Of several processes that claim the same one, a single process gets it back.
        """
        claimed = {(item.user_id, item.id): item for item in notifications}
        expires = int((self._clock() + _KEPT_FOR).timestamp())
        items: list[Item] = [
            {
                **to_item(claimed[claim]),
                **state_key(_inbox(claimed[claim].user_id), position),
                TTL_ATTRIBUTE: expires,
            }
            for claim, position in self._claim_positions(claimed, expires).items()
        ]
        for item in self._store.put_new(STATE, items):
            del claimed[str(item["userId"]), str(item["id"])]
        return list(claimed.values())

    def release(self, notifications: Iterable[Notification]) -> None:
        """Remove what could not be sent from the inboxes, so that the next claim returns it."""
        for notification in notifications:
            place = self._place(notification.user_id, notification.id)
            if place is not None:
                self._store.delete(STATE, place)

    def of_user(
        self, user_id: str, *, after: str | None = None
    ) -> Iterator[tuple[str, StoredNotification]]:
        """Yield a user's notifications with their positions, latest first, from after one on."""
        inbox = ItemRange(STATE, _inbox(user_id), newest_first=True)
        cursor = None if after is None else state_key(inbox.partition, after)
        for item, _ in scan(self._store, inbox, cursor, _PAGE):
            yield str(item["item"]), _stored(item)

    def mark_read(self, user_id: str, notification_id: str) -> StoredNotification | None:
        """Note that a user read a notification; `None` if they have no such notification."""
        read_at = instant_key(self._clock())
        marked: StoredNotification | None = None

        def mark(item: Item | None) -> Item | None:
            nonlocal marked
            if item is None:
                return None
            after = {_READ_AT: read_at, **item}
            marked = _stored(after)
            return after

        place = self._place(user_id, notification_id)
        if place is not None:
            change_item(self._store, STATE, place, mark)
        return marked

    def forget(self, user_id: str) -> None:
        """Delete a user's notifications, and then the claims of them."""
        for partition in (_inbox(user_id), f"{_CLAIMS}{user_id}"):
            for item, _ in scan(self._store, ItemRange(STATE, partition), None, _PAGE):
                self._store.delete(STATE, state_key(partition, str(item["item"])))

    def _claim_positions(
        self, claims: Iterable[tuple[str, str]], expires: int
    ) -> dict[tuple[str, str], str]:
        """Claim positions that begin with the current time; return those that were claimed first.

        A process that stops before it stores a notification leaves its claim to the next one.
        """
        now = instant_key(self._clock())
        new: list[Item] = [
            {**_claim(user_id, id_), _POSITION: f"{now}#{id_}", TTL_ATTRIBUTE: expires}
            for user_id, id_ in claims
        ]
        taken = self._store.put_new(STATE, new)
        known = self._store.get_many(STATE, (_key(item) for item in taken)) if taken else ()
        return {
            (str(item["name"]).removeprefix(_CLAIMS), str(item["item"])): str(item[_POSITION])
            for item in (*new, *(item for item, _ in known))
        }

    def _place(self, user_id: str, notification_id: str) -> dict[str, str] | None:
        """Return the key of a notification in its user's inbox."""
        claim = self._store.get(STATE, _claim(user_id, notification_id))
        return None if claim is None else state_key(_inbox(user_id), str(claim.item[_POSITION]))


def _inbox(user_id: str) -> str:
    return f"inbox/{user_id}"


def _claim(user_id: str, notification_id: str) -> dict[str, str]:
    return state_key(f"{_CLAIMS}{user_id}", notification_id)


def _key(item: Item) -> dict[str, str]:
    return state_key(str(item["name"]), str(item["item"]))


def _stored(item: Item) -> StoredNotification:
    fields = {name: value for name, value in item.items() if name not in _OWN_ATTRIBUTES}
    read_at = item.get(_READ_AT)
    return StoredNotification(
        Notification.model_validate(fields),
        None if read_at is None else datetime.fromisoformat(str(read_at)),
    )
