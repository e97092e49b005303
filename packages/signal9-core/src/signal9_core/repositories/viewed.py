"""Which companies a user looked at of late."""

from datetime import timedelta
from typing import Final

from ..domain import Ticker
from ..ports import Clock, Item, Store
from ..tables import STATE, TTL_ATTRIBUTE
from .changes import change_item

__all__ = ["ViewedRepository"]

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
