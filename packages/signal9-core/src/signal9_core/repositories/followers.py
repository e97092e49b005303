"""Who follows a company or a topic: the users' lists turned around."""

from collections.abc import Callable, Iterable

from ..domain import User
from ..ports import Item, Store
from ..tables import STATE
from .changes import change_item

__all__ = ["FollowerRepository"]


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
