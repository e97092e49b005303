"""Which notifications went out: nobody is told twice, and everybody can read them again.

A notification is an item of its own. In which order a user got them stands in their inbox, an item
per user and month.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ..domain import Notification
from ..ports import Clock, Item, Store
from ..tables import STATE, TTL_ATTRIBUTE
from .optimistic import change_item, instant_key, to_item

__all__ = ["KeptNotification", "NotifiedRepository"]

_REMEMBERED: Final = timedelta(days=90)
_MOST_IN_A_MONTH: Final = 1_000
_READ_AT: Final = "readAt"
_OWN: Final = frozenset({"name", TTL_ATTRIBUTE, _READ_AT})
_CHUNK: Final = 100


class KeptNotification(NamedTuple):
    """A notification as it is kept, and when its user read it."""

    notification: Notification
    read_at: datetime | None


class NotifiedRepository:
    """Notifications of the last three months: the latest thousand of each user and month."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def claim(self, notifications: Sequence[Notification]) -> list[Notification]:
        """Store notifications for their users to read; return those that are new, each once."""
        unsent = self.unsent(notifications)
        taken = self.note(unsent) if unsent else set()
        return [each for each in unsent if _name(each.id) not in taken]

    def unsent(self, notifications: Sequence[Notification]) -> list[Notification]:
        """Return those that did not go out before, each once."""
        by_name = {_name(each.id): each for each in notifications}
        found = self._store.get_many(STATE, ({"name": name} for name in by_name))
        sent = {str(each.item["name"]) for each in found}
        return [each for name, each in by_name.items() if name not in sent]

    def note(self, notifications: Sequence[Notification]) -> set[str]:
        """Store notifications for their users to read; return the names of those that were."""
        now = self._clock()
        until = int((now + _REMEMBERED).timestamp())
        by_user: dict[str, list[str]] = {}
        for each in notifications:
            by_user.setdefault(each.user_id, []).append(f"{instant_key(now)}#{each.id}")
        # A notification without a place would never be shown; a place without one is passed over.
        for user_id, positions in by_user.items():
            self._place(_inbox(user_id, now), positions, until)
        others = self._store.put_new(STATE, (_item(each, until) for each in notifications))
        return {str(each["name"]) for each in others}

    def of_user(
        self, user_id: str, *, after: str | None = None
    ) -> Iterator[tuple[str, KeptNotification]]:
        """Yield a user's notifications with their positions, latest first, from after one on."""
        places = [each for each in self._places(user_id) if after is None or each < after]
        for start in range(0, len(places), _CHUNK):
            yield from self._at(user_id, places[start : start + _CHUNK])

    def mark_read(self, user_id: str, notification_id: str) -> KeptNotification | None:
        """Note that a user read a notification; `None` where they have no such one."""
        read_at = instant_key(self._clock())
        mine: list[KeptNotification] = []

        def marked(item: Item | None) -> Item | None:
            if item is None or item.get("userId") != user_id:
                return None
            after = {_READ_AT: read_at, **item}
            mine[:] = [_kept(after)]
            return None if after == item else after

        change_item(self._store, STATE, {"name": _name(notification_id)}, marked)
        return mine[0] if mine else None

    def forget(self, user_id: str) -> None:
        """Delete everything that a user was told."""
        for position in self._places(user_id):
            self._store.delete(STATE, {"name": _name(_id(position))})
        for name in self._inboxes(user_id):
            self._store.delete(STATE, {"name": name})

    def _place(self, name: str, positions: Sequence[str], until: int) -> None:
        pushed_out: list[str] = []

        def added(item: Item | None) -> Item | None:
            places = sorted({*_positions(item), *positions})
            pushed_out[:] = places[:-_MOST_IN_A_MONTH]
            return {"name": name, "positions": places[-_MOST_IN_A_MONTH:], TTL_ATTRIBUTE: until}

        change_item(self._store, STATE, {"name": name}, added)
        # Of what nobody can read any more only stays that it was sent.
        self._store.put_many(STATE, [_bare(_id(each), until) for each in pushed_out])

    def _inboxes(self, user_id: str) -> list[str]:
        now = self._clock()
        days = (now - timedelta(days=ago) for ago in range(_REMEMBERED.days + 1))
        return sorted({_inbox(user_id, day) for day in days})

    def _places(self, user_id: str) -> list[str]:
        names = ({"name": name} for name in self._inboxes(user_id))
        found = self._store.get_many(STATE, names)
        places = sorted((each for box in found for each in _positions(box.item)), reverse=True)
        latest = {_id(each): each for each in reversed(places)}
        return [each for each in places if latest[_id(each)] == each]

    def _at(self, user_id: str, places: Sequence[str]) -> Iterator[tuple[str, KeptNotification]]:
        found = self._store.get_many(STATE, ({"name": _name(_id(each))} for each in places))
        by_name = {str(each.item["name"]): each.item for each in found}
        for position in places:
            item = by_name.get(_name(_id(position)))
            if item is not None and item.get("userId") == user_id:
                yield position, _kept(item)


def _name(notification_id: str) -> str:
    return f"notified/{notification_id}"


def _inbox(user_id: str, moment: datetime) -> str:
    return f"inbox/{user_id}/{instant_key(moment)[:7]}"


def _id(position: str) -> str:
    return position.partition("#")[2]


def _positions(item: Item | None) -> list[str]:
    stored = None if item is None else item.get("positions")
    return [str(each) for each in stored] if isinstance(stored, list) else []


def _item(notification: Notification, until: int) -> Item:
    return {**to_item(notification), **_bare(notification.id, until)}


def _bare(notification_id: str, until: int) -> Item:
    return {"name": _name(notification_id), TTL_ATTRIBUTE: until}


def _kept(item: Item) -> KeptNotification:
    fields = {name: value for name, value in item.items() if name not in _OWN}
    read_at = item.get(_READ_AT)
    return KeptNotification(
        Notification.model_validate(fields),
        None if read_at is None else datetime.fromisoformat(str(read_at)),
    )
