"""The people."""

from collections.abc import Iterable
from typing import NamedTuple

from ..domain import User
from ..ports import Item, Store
from ..tables import USERS
from .codec import to_item

__all__ = ["UserRepository", "VersionedUser"]


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
