"""Calls that were made to each provider, and when the next one may be made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..tables import STATE, TTL_ATTRIBUTE, state_key
from .optimistic import change_item

if TYPE_CHECKING:
    from ..ports import Item, Store

_KEPT_AFTERWARDS: Final = timedelta(hours=1)
"""How long an item outlives its window, for clocks that differ a little."""

_CLOSED: Final = "closed"


class QuotaRepository:
    """An item per window with the calls made in it, and one with the next call, of each provider.

    Every write depends on the version that was read, so that two never take the same call.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def used(self, window: str) -> int:
        """Return how many calls of a window are taken."""
        stored = self._store.get(STATE, _window(window))
        return 0 if stored is None else _used(stored.item)

    def take(self, window: str, ends: datetime, calls: int, limit: int) -> bool:
        """Count that many calls more, unless they would be over the limit; return whether so."""

        def taken(item: Item | None) -> Item | None:
            used = _used(item) + calls
            after: Item = {**_window(window), "used": used, TTL_ATTRIBUTE: _expires(ends)}
            return after if used <= limit else None

        return change_item(self._store, STATE, _window(window), taken)

    def give_back(self, window: str, calls: int) -> None:
        """Count that many calls less."""

        def returned(item: Item | None) -> Item | None:
            return None if item is None else {**item, "used": max(0, _used(item) - calls)}

        change_item(self._store, STATE, _window(window), returned)

    def book(self, provider: str, now: datetime, spacing: timedelta, latest: datetime) -> datetime:
        """Return when the next call may be made, which may be `now`, and book that moment.

        The call after it may be made `spacing` later. Nothing is booked later than `latest`.
        """
        at = now

        def booked(item: Item | None) -> Item | None:
            nonlocal at
            at = now if item is None else max(now, _moment(item))
            return _next_call(provider, at + spacing) if spacing and at <= latest else None

        change_item(self._store, STATE, _next(provider), booked)
        return at

    def close(self, provider: str, until: datetime) -> None:
        """Allow no call before `until`, or later if the provider is closed for longer already."""

        def closed(item: Item | None) -> Item | None:
            if item is not None and _moment(item) >= until:
                return None
            return {**_next_call(provider, until), _CLOSED: True}

        change_item(self._store, STATE, _next(provider), closed)

    def closed_until(self, provider: str) -> datetime | None:
        """Return until when the provider is closed; `None` where calls are only spaced."""
        stored = self._store.get(STATE, _next(provider))
        if stored is None or not stored.item.get(_CLOSED):
            return None
        return _moment(stored.item)


def _window(name: str) -> dict[str, str]:
    provider, _, window = name.partition("/")
    return state_key(f"quota/{provider}", window)


def _next(provider: str) -> dict[str, str]:
    return state_key(f"quota/{provider}", "next")


def _next_call(provider: str, at: datetime) -> Item:
    text = at.astimezone(UTC).isoformat(timespec="microseconds")
    return {**_next(provider), "at": text, TTL_ATTRIBUTE: _expires(at)}


def _expires(at: datetime) -> int:
    return int((at + _KEPT_AFTERWARDS).timestamp())


def _moment(item: Item) -> datetime:
    return datetime.fromisoformat(str(item["at"]))


def _used(item: Item | None) -> int:
    used = None if item is None else item.get("used")
    return used if isinstance(used, int) else 0
