"""How ingests ended, which must outlive a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from pydantic import ConfigDict, TypeAdapter

from ..domain.companies import ListName
from ..domain.model import Instant
from ..tables import STATE, state_key
from .optimistic import change_item, instant_key

if TYPE_CHECKING:
    from datetime import datetime

    from ..ports import Item, Store

__all__ = ["StateRepository"]

_BLOCKED: Final = state_key("refresh-blocked")
_instant: TypeAdapter[datetime] = TypeAdapter(Instant, config=ConfigDict(defer_build=True))


class StateRepository:
    """When lists were requested, an ingest last finished, and since when none could begin."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def finished_ingest(self, provider: str) -> datetime | None:
        """Return when an ingest of everything from this provider last finished."""
        stored = self._store.get(STATE, _ingest(provider))
        return None if stored is None else _instant.validate_python(stored.item["finishedAt"])

    def note_finished_ingest(self, provider: str, at: datetime) -> None:
        """Note that an ingest of everything from this provider finished."""
        key = _ingest(provider)
        change_item(self._store, STATE, key, lambda _: {**key, "finishedAt": instant_key(at)})

    def requested_lists(self, provider: str) -> dict[ListName, datetime]:
        """Return when the lists of this provider were last requested."""
        keys = (_list(provider, name) for name in get_args(ListName))
        items = (item for item, _ in self._store.get_many(STATE, keys))
        stored = {item["item"]: _instant.validate_python(item["requestedAt"]) for item in items}
        return {name: stored[name] for name in get_args(ListName) if name in stored}

    def note_requested_list(self, provider: str, name: ListName, at: datetime) -> None:
        """Note that a list of this provider was requested."""
        key, moment = _list(provider, name), instant_key(at)

        def latest(item: Item | None) -> Item | None:
            is_later = item is not None and str(item["requestedAt"]) >= moment
            return None if is_later else {**key, "requestedAt": moment}

        change_item(self._store, STATE, key, latest)

    def listed_at(self, provider: str) -> datetime | None:
        """Return when the latest whole listing of this provider was made."""
        stored = self._store.get(STATE, _whole_listing(provider))
        return None if stored is None else _instant.validate_python(stored.item["listedAt"])

    def note_listing(self, provider: str, at: datetime) -> None:
        """Note when a whole listing of this provider was made."""
        key = _whole_listing(provider)
        change_item(self._store, STATE, key, lambda _: {**key, "listedAt": instant_key(at)})

    def refresh_blocked_since(self) -> datetime | None:
        """Return since when no refresh could begin, for want of a working provider."""
        stored = self._store.get(STATE, _BLOCKED)
        return None if stored is None else _instant.validate_python(stored.item["since"])

    def note_blocked_refresh(self, at: datetime) -> None:
        """Note that a refresh could not begin; of several in a row the first one counts."""
        self._store.put_new(STATE, [{**_BLOCKED, "since": instant_key(at)}])

    def note_free_refresh(self) -> None:
        """Note that a refresh could begin."""
        if self._store.get(STATE, _BLOCKED) is not None:
            self._store.delete(STATE, _BLOCKED)


def _whole_listing(provider: str) -> dict[str, str]:
    return state_key("whole-listing", provider)


def _ingest(provider: str) -> dict[str, str]:
    return state_key("ingest", provider)


def _list(provider: str, name: ListName) -> dict[str, str]:
    return state_key(f"lists/{provider}", name)
