"""The people."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final, NamedTuple

from ..domain import Ticker, User
from ..ports import Clock, Item, Store
from ..tables import STATE, TTL_ATTRIBUTE, USERS
from .optimistic import change_item, to_item

__all__ = ["FollowerRepository", "UserRepository", "VersionedUser", "ViewedRepository"]


class VersionedUser(NamedTuple):
    """A user as stored, and the version to write over."""

    user: User
    version: int


class UserRepository:
    """Every user's own record."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, user_id: str) -> VersionedUser | None:
        """Return a user's record."""
        found = self._store.get(USERS, {"userId": user_id})
        return None if found is None else VersionedUser(_user(found.item), found.version)

    def put(self, user: User, *, expected: int) -> int:
        """Write a record over the version that was read; `ConflictError` if it has changed."""
        return self._store.put(USERS, to_item(user), expected=expected)

    def delete(self, user_id: str, *, expected: int) -> None:
        """Remove the record that was read; `ConflictError` if it has changed."""
        self._store.delete(USERS, {"userId": user_id}, expected=expected)

    def many(self, user_ids: Iterable[str]) -> list[User]:
        """Return those of these users that exist."""
        found = self._store.get_many(USERS, ({"userId": user_id} for user_id in user_ids))
        return [_user(each.item) for each in found]


def _user(item: Item) -> User:
    return User.model_validate(item)


class FollowerRepository:
    """Followers of companies and topics, kept in step with the users' records.

    Call `follow` before and `unfollow` after a user's record changes: a crash in between leaves a
    follower too many, never one too few, and readers check the record anyway.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def follow(self, user: User) -> None:
        """Add a user wherever their record says so."""
        for name in _subjects(user):
            self._change(name, lambda ids: ids | {user.user_id})

    def unfollow(self, before: User, after: User) -> None:
        """Remove a user wherever the earlier record said so and the later does not."""
        for name in _subjects(before) - _subjects(after):
            self._change(name, lambda ids: ids - {before.user_id})

    def of(self, *, tickers: Iterable[str] = (), topics: Iterable[str] = ()) -> set[str]:
        """Return the ids of users who follow any of these."""
        names = [_company(each) for each in tickers] + [_topic(each) for each in topics]
        found = self._store.get_many(STATE, ({"name": name} for name in names))
        return {user_id for each in found for user_id in _ids(each.item)}

    def _change(self, name: str, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        def changed(stored: Item | None) -> Item | None:
            before = frozenset() if stored is None else _ids(stored)
            after = change(before)
            return None if after == before else {"name": name, "userIds": sorted(after)}

        change_item(self._store, STATE, {"name": name}, changed)


def _company(ticker: str) -> str:
    return f"followers/company/{ticker}"


def _topic(topic: str) -> str:
    return f"followers/topic/{topic}"


def _subjects(user: User) -> set[str]:
    return {_company(each) for each in user.watchlist} | {_topic(each) for each in user.topics}


def _ids(item: Item) -> frozenset[str]:
    stored = item.get("userIds")
    return frozenset(map(str, stored)) if isinstance(stored, list) else frozenset()


_MOST: Final = 20
_REMEMBERED: Final = timedelta(days=90)


class ViewedRepository:
    """The last twenty companies of each user, kept apart from their record.

    A record that changed with every look could hardly be written over the version that was read.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, user_id: str, ticker: Ticker) -> None:
        """Note that a user looked at a company."""
        until = int((self._clock() + _REMEMBERED).timestamp())

        def added(item: Item | None) -> Item | None:
            before = _tickers(item)
            after = [ticker, *(each for each in before if each != ticker)][:_MOST]
            if after == before:
                return None
            return {**_key(user_id), "tickers": after, TTL_ATTRIBUTE: until}

        change_item(self._store, STATE, _key(user_id), added)

    def of_user(self, user_id: str) -> list[Ticker]:
        """Return what a user looked at, latest first."""
        found = self._store.get(STATE, _key(user_id))
        return _tickers(None if found is None else found.item)

    def forget(self, user_id: str) -> None:
        """Delete what a user looked at."""
        self._store.delete(STATE, _key(user_id))


def _key(user_id: str) -> dict[str, str]:
    return {"name": f"viewed/{user_id}"}


def _tickers(item: Item | None) -> list[Ticker]:
    stored = None if item is None else item.get("tickers")
    return [str(each) for each in stored] if isinstance(stored, list) else []
