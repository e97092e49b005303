"""Users, what they subscribe to, and the companies that they looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.users import User
from ..tables import STATE, TTL_ATTRIBUTE, USERS, state_key
from .optimistic import ItemRange, Versioned, change_item, scan, to_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..domain.model import Ticker
    from ..ports import Clock, Item, Store, Value

__all__ = ["RecentlyViewedRepository", "SubscriptionRepository", "UserRepository"]

_PAGE: Final = 1_000
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

    def put(self, user: User, *, expected: int) -> int:
        """Write a record over the version that was read; `ConflictError` if it has changed."""
        return self._store.put(USERS, to_item(user), expected=expected)

    def delete(self, user_id: str, *, expected: int) -> None:
        """Remove the record that was read; `ConflictError` if it has changed."""
        self._store.delete(USERS, {"userId": user_id}, expected=expected)

    def many(self, user_ids: Iterable[str]) -> list[User]:
        """Return those of these users that exist."""
        stored = self._store.get_many(USERS, ({"userId": user_id} for user_id in user_ids))
        return [User.model_validate(item) for item, _ in stored]


class SubscriptionRepository:
    """Subscribers of companies and topics, an item each, kept in step with the users' records.

    Call `subscribe` before and `unsubscribe` after a user's record changes: a crash in between
    leaves a subscriber too many, never one too few, and readers check the record anyway.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def subscribe(self, user: User) -> None:
        """Add a user to every company and topic in their record."""
        keys = [state_key(name, user.user_id) for name in sorted(_subjects(user))]
        stored = {item["name"] for item, _ in self._store.get_many(STATE, keys)}
        self._store.put_many(STATE, [key for key in keys if key["name"] not in stored])

    def unsubscribe(self, before: User, after: User) -> None:
        """Remove a user from the companies and topics that are no longer in their record."""
        for name in _subjects(before) - _subjects(after):
            self._store.delete(STATE, state_key(name, before.user_id))

    def subscribers(
        self, *, tickers: Iterable[str] = (), topics: Iterable[str] = ()
    ) -> Iterator[str]:
        """Yield the ids of users who subscribe to any of these, each once, reading in pages."""
        seen: set[str] = set()
        for name in (*map(_company, tickers), *map(_topic, topics)):
            for item, _ in scan(self._store, ItemRange(STATE, name), None, _PAGE):
                user_id = str(item["item"])
                if user_id not in seen:
                    seen.add(user_id)
                    yield user_id


def _company(ticker: str) -> str:
    return f"followers/company/{ticker}"


def _topic(topic: str) -> str:
    return f"followers/topic/{topic}"


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


def _viewed(user_id: str) -> dict[str, str]:
    return state_key(f"viewed/{user_id}")


def _texts(value: Value) -> list[str]:
    return [str(element) for element in value] if isinstance(value, list) else []
