"""Notifications of the last three months: claimed once, listed by user, sent when they are due.

A claim, an item per user and notification, gives it a position in the user's inbox. Its item there
is in the index of those that wait, until it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ..domain.users import Notification
from ..errors import ConflictError
from ..ports import Clock, Item, Span, Store, Stored
from ..tables import STATE, TTL_ATTRIBUTE, WAITING_INDEX, state_key
from .optimistic import ItemRange, change_item, instant_key, scan, take_page, to_item

_KEPT_FOR: Final = timedelta(days=90)
_LEASE: Final = timedelta(minutes=10)
"""How long a process has what it took; longer than one may run."""

_LONGEST_LEASE: Final = timedelta(days=1)
_MOST_ATTEMPTS: Final = 8
_LONGEST_WAIT: Final = timedelta(days=3)
"""Longer than a day until the digest, and the quiet hours after it."""

_CLAIMS: Final = "notified/"
_WAITING: Final = "waiting"
_POSITION: Final = "position"
_READ_AT: Final = "readAt"
_PUSHED_AT: Final = "pushedAt"
_SENT_AT: Final = "sentAt"
_ATTEMPTS: Final = "attempts"
_INDEXED: Final = frozenset({WAITING_INDEX.partition_key, WAITING_INDEX.sort_key})
_OWN_ATTRIBUTES: Final = frozenset(
    {*STATE.key_attributes, *_INDEXED, TTL_ATTRIBUTE, _READ_AT, _PUSHED_AT, _SENT_AT, _ATTEMPTS}
)
_PAGE: Final = 100


class StoredNotification(NamedTuple):
    """A notification, and when its user read it."""

    notification: Notification
    read_at: datetime | None


class WaitingNotification(NamedTuple):
    """A notification that was not sent yet, and how often that was attempted.

    `is_pushed` if the notifier has it already.
    """

    notification: Notification
    is_pushed: bool
    attempts: int
    stored: Stored


class NotificationRepository:
    """Notifications of the last three months, an item each in their user's inbox."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def claim(self, notifications: Iterable[tuple[Notification, datetime]]) -> list[Notification]:
        """Store notifications for their users to read, with the moments when they are to be sent.

        It returns those that were new, each once. Of several processes that claim the same one, a
        single process gets it back.
        """
        due = {(item.user_id, item.id): (item, moment) for item, moment in notifications}
        claimed = {claim: notification for claim, (notification, _) in due.items()}
        expires = int((self._clock() + _KEPT_FOR).timestamp())
        items: list[Item] = [
            {
                **to_item(claimed[claim]),
                **state_key(_inbox(claimed[claim].user_id), position),
                **_waiting(claimed[claim].user_id, due[claim][1]),
                TTL_ATTRIBUTE: expires,
            }
            for claim, position in self._claim_positions(claimed, expires).items()
        ]
        for item in self._store.put_new(STATE, items):
            del claimed[str(item["userId"]), str(item["id"])]
        return list(claimed.values())

    def due(self, now: datetime) -> Iterator[WaitingNotification]:
        """Yield what is to be sent now, the longest due first.

        What is due later than anybody may have chosen was stored with a clock that went wrong.
        """
        whole = ItemRange(STATE, _WAITING, WAITING_INDEX)
        late = Span(f"{instant_key(now + _LONGEST_WAIT)}$")
        for span in (Span(None, f"{instant_key(now)}$"), late):  # "$" follows "#" in the alphabet
            for stored in scan(self._store, replace(whole, span=span), size=_PAGE):
                yield _waiting_notification(stored)

    def take(
        self, waiting: Iterable[WaitingNotification], now: datetime
    ) -> list[WaitingNotification]:
        """Return those of these that no other process has taken; they are this one's for a while.

        Unless they are closed by then, they are due again, each time after twice as long.
        """
        taken = []
        for each in waiting:
            lease = min(_LEASE * 2 ** min(each.attempts, _MOST_ATTEMPTS), _LONGEST_LEASE)
            attempt = {_ATTEMPTS: each.attempts + 1}
            with suppress(ConflictError):
                taken.append(self._put(each, attempt, now + lease))
        return taken

    def postpone(self, waiting: Iterable[WaitingNotification], until: datetime) -> None:
        """Let these be due at a later moment."""
        for each in waiting:
            with suppress(ConflictError):
                self._put(each, {}, until)

    def mark_pushed(self, taken: Iterable[WaitingNotification]) -> None:
        """Note that these have reached the notifier, but not all that is to be sent."""
        pushed_at = instant_key(self._clock())
        for each in taken:
            self._change(each, lambda item: {**item, _PUSHED_AT: pushed_at})

    def close(self, taken: Iterable[WaitingNotification], *, sent: bool = True) -> None:
        """Let these wait no longer, since they were sent, or will not be."""
        sent_at = {_SENT_AT: instant_key(self._clock())} if sent else {}
        for each in taken:
            self._change(each, lambda item: {**_without_waiting(item), **sent_at})

    def of_user(self, user_id: str) -> Iterator[StoredNotification]:
        """Yield a user's notifications, latest first."""
        inbox = ItemRange(STATE, _inbox(user_id), newest_first=True)
        return (_stored(item) for item, _ in scan(self._store, inbox, size=_PAGE))

    def page(
        self,
        user_id: str,
        *,
        limit: int,
        after: str | None = None,
        accept: Callable[[StoredNotification], bool] | None = None,
    ) -> tuple[list[StoredNotification], str | None]:
        """Return accepted notifications, latest first, and the position after which to go on."""
        inbox = ItemRange(STATE, _inbox(user_id), newest_first=True)
        cursor = None if after is None else state_key(inbox.partition, after)
        items = scan(self._store, inbox, cursor, _PAGE)
        page = take_page(items, limit, _stored, accept, inbox)
        return page.items, None if page.cursor is None else page.cursor["item"]

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
            for item, _ in scan(self._store, ItemRange(STATE, partition), size=_PAGE):
                self._store.delete(STATE, state_key(partition, str(item["item"])))

    def _put(
        self, waiting: WaitingNotification, fields: Item, due: datetime
    ) -> WaitingNotification:
        before, version = waiting.stored
        user_id = waiting.notification.user_id
        item = {**before, **fields, **_waiting(user_id, due)}
        return _waiting_notification(Stored(item, self._store.put(STATE, item, expected=version)))

    def _change(self, taken: WaitingNotification, change: Callable[[Item], Item]) -> None:
        """Change the item of a notification, unless it was deleted meanwhile."""

        def changed(item: Item | None) -> Item | None:
            return None if item is None else change(item)

        key = _key(taken.stored.item)
        change_item(self._store, STATE, key, changed, known=taken.stored)

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


def _waiting(user_id: str, due: datetime) -> dict[str, str]:
    return {
        WAITING_INDEX.partition_key: _WAITING,
        WAITING_INDEX.sort_key: f"{instant_key(due)}#{user_id}",
    }


def _without_waiting(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in _INDEXED}


def _waiting_notification(stored: Stored) -> WaitingNotification:
    notification = _stored(stored.item).notification
    attempts = int(str(stored.item.get(_ATTEMPTS, 0)))
    return WaitingNotification(notification, _PUSHED_AT in stored.item, attempts, stored)


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
