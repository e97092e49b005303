"""Users, what they subscribe to, and the companies that they looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..domain.users import User
from ..errors import BeingDeletedError
from ..tables import STATE, TTL_ATTRIBUTE, USERS, state_key
from .optimistic import ItemRange, Versioned, change_item, scan, to_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..domain.model import Ticker
    from ..ports import Clock, Item, Store, Value

_FOLLOWERS: Final = "followers/"
_FOLLOWING: Final = "following/"
_DELETIONS: Final = "deletions"
_MOST_VIEWED: Final = 20
_VIEWED_FOR: Final = timedelta(days=90)


class UserRepository:
    """Every user's own record."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, user_id: str) -> Versioned[User] | None:
        """Return a user's record."""
        stored = self._store.get(USERS, {"userId": user_id})
        if stored is None:
            return None
        return Versioned(User.model_validate(stored.item), stored.version)

    def open(self, user_id: str) -> Versioned[User] | None:
        """Return a user's record; `BeingDeletedError` from when its deletion was requested on."""
        record = self.get(user_id)
        if record is not None and record.model.deleted_at is not None:
            raise BeingDeletedError("the user's data are being deleted")
        return record

    def put(self, user: User, *, expected: int) -> int:
        """Write a record over the version that was read; `ConflictError` if it has changed."""
        return self._store.put(USERS, to_item(user), expected=expected)

    def delete(self, user_id: str, *, expected: int) -> None:
        """Remove the record that was read; `ConflictError` if it has changed."""
        self._store.delete(USERS, {"userId": user_id}, expected=expected)

    def many(self, user_ids: Iterable[str]) -> list[User]:
        """Return those of these users that exist, and are not being deleted."""
        stored = self._store.get_many(USERS, ({"userId": user_id} for user_id in user_ids))
        users = (User.model_validate(item) for item, _ in stored)
        return [user for user in users if user.deleted_at is None]


class SubscriptionRepository:
    """Subscribers of companies and topics, an item each, kept in step with the users' records.

    Call `subscribe` before and `unsubscribe` after a user's record changes: a crash in between
    leaves a subscriber too many, never one too few, and readers check the record anyway. What a
    user follows is stored as well, from before to after, so that a deletion finds everything.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def subscribe(self, user: User) -> None:
        """Add a user to every company and topic in their record."""
        subjects = sorted(_subjects(user))
        followed = [_followed(user.user_id, subject) for subject in subjects]
        followers = [_follower(subject, user.user_id) for subject in subjects]
        stored = [item for item, _ in self._store.get_many(STATE, [*followed, *followers])]
        self._store.put_many(STATE, [key for key in followed if key not in stored])
        self._store.put_many(STATE, [key for key in followers if key not in stored])

    def unsubscribe(self, before: User, after: User) -> None:
        """Remove a user from the companies and topics that are no longer in their record."""
        for subject in _subjects(before) - _subjects(after):
            self._delete(before.user_id, subject)

    def forget(self, user_id: str) -> None:
        """Remove a user from everything that they follow."""
        following = ItemRange(STATE, f"{_FOLLOWING}{user_id}")
        for item, _ in scan(self._store, following):
            self._delete(user_id, str(item["item"]))

    def subscribers(
        self, *, tickers: Iterable[str] = (), topics: Iterable[str] = ()
    ) -> Iterator[str]:
        """Yield the ids of users who subscribe to any of these, each once, reading in pages."""
        seen: set[str] = set()
        for subject in (*map(_company, tickers), *map(_topic, topics)):
            followers = ItemRange(STATE, f"{_FOLLOWERS}{subject}")
            for item, _ in scan(self._store, followers):
                user_id = str(item["item"])
                if user_id not in seen:
                    seen.add(user_id)
                    yield user_id

    def _delete(self, user_id: str, subject: str) -> None:
        self._store.delete(STATE, _follower(subject, user_id))
        self._store.delete(STATE, _followed(user_id, subject))


def _follower(subject: str, user_id: str) -> dict[str, str]:
    return state_key(f"{_FOLLOWERS}{subject}", user_id)


def _followed(user_id: str, subject: str) -> dict[str, str]:
    return state_key(f"{_FOLLOWING}{user_id}", subject)


def _company(ticker: str) -> str:
    return f"company/{ticker}"


def _topic(topic: str) -> str:
    return f"topic/{topic}"


def _subjects(user: User) -> set[str]:
    return {*map(_company, user.watchlist), *map(_topic, user.topics)}


class RecentlyViewedRepository:
    """The last twenty companies that each user looked at.

    They are not part of the user's record: it would change so often that writing it over the
    version that was read would hardly ever succeed.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, user_id: str, ticker: Ticker) -> None:
        """Note that a user looked at a company."""
        expires = int((self._clock() + _VIEWED_FOR).timestamp())

        def added(item: Item | None) -> Item | None:
            before = _texts(item and item.get("tickers"))
            after = [ticker, *(other for other in before if other != ticker)][:_MOST_VIEWED]
            if after == before:
                return None
            return {**_viewed(user_id), "tickers": after, TTL_ATTRIBUTE: expires}

        change_item(self._store, STATE, _viewed(user_id), added)

    def of_user(self, user_id: str) -> list[Ticker]:
        """Return the companies that a user looked at, latest first."""
        stored = self._store.get(STATE, _viewed(user_id))
        return [] if stored is None else _texts(stored.item.get("tickers"))

    def forget(self, user_id: str) -> None:
        """Delete the companies that a user looked at."""
        self._store.delete(STATE, _viewed(user_id))


class DeletionRepository:
    """Users who asked for the deletion of their data, from then until nothing of it is left."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def request(self, user_id: str, at: datetime) -> None:
        """Note that a user asks for the deletion of their data; a later request counts."""
        item = {**state_key(_DELETIONS, user_id), "requestedAt": at.isoformat()}
        self._store.put(STATE, item)

    def requested(self, user_id: str) -> Versioned[datetime] | None:
        """Return when a user asked for a deletion that has not finished."""
        stored = self._store.get(STATE, state_key(_DELETIONS, user_id))
        return None if stored is None else Versioned(_requested_at(stored.item), stored.version)

    def pending(self) -> Iterator[tuple[str, datetime]]:
        """Yield the users whose deletion has not finished, with when they asked for it."""
        for item, _ in scan(self._store, ItemRange(STATE, _DELETIONS)):
            yield str(item["item"]), _requested_at(item)

    def finish(self, user_id: str, *, expected: int) -> None:
        """Note that nothing is left; `ConflictError` if the user has asked again meanwhile."""
        self._store.delete(STATE, state_key(_DELETIONS, user_id), expected=expected)


def _requested_at(item: Item) -> datetime:
    return datetime.fromisoformat(str(item["requestedAt"]))


def _viewed(user_id: str) -> dict[str, str]:
    return state_key(f"viewed/{user_id}")


def _texts(value: Value) -> list[str]:
    return [str(element) for element in value] if isinstance(value, list) else []
