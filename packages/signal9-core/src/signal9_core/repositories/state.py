"""Small things that must outlive a process: runs of an ingest, and the key that signs cursors."""

import secrets
from datetime import datetime
from typing import Final

from pydantic import ConfigDict, TypeAdapter

from ..domain import Instant
from ..ports import Item, Store
from ..tables import STATE
from .changes import change_item, ignore, sync_items
from .codec import instant_key

__all__ = ["StateRepository"]

_CURSOR_KEY: Final = "cursor-key"
_BLOCKED: Final = {"name": "refresh-blocked"}
_instant: TypeAdapter[datetime] = TypeAdapter(Instant, config=ConfigDict(defer_build=True))


class StateRepository:
    """The State table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def finished_ingest(self, provider: str) -> datetime | None:
        """Return when a full ingest from this provider last came to its end."""
        found = self._store.get(STATE, {"name": _ingest(provider)})
        return None if found is None else _instant.validate_python(found.item["finishedAt"])

    def note_finished_ingest(self, provider: str, at: datetime) -> None:
        """Remember that a full ingest from this provider came to its end."""
        item = {"name": _ingest(provider), "finishedAt": instant_key(at)}
        sync_items(self._store, STATE, [item], ignore)

    def refresh_blocked_since(self) -> datetime | None:
        """Return since when runs have ended before they asked a provider for anything."""
        found = self._store.get(STATE, _BLOCKED)
        return None if found is None else _instant.validate_python(found.item["since"])

    def note_blocked_refresh(self, at: datetime) -> None:
        """Remember that a run could not even ask; of several in a row the first one counts."""
        self._store.put_new(STATE, [{**_BLOCKED, "since": instant_key(at)}])

    def note_free_refresh(self) -> None:
        """Remember that a run could ask."""
        if self._store.get(STATE, _BLOCKED) is not None:
            self._store.delete(STATE, _BLOCKED)

    def cursor_key(self) -> str:
        """Return the key that signs cursors, made at random the first time it is asked for."""
        stored = self._store.get(STATE, {"name": _CURSOR_KEY})
        return self._new_cursor_key() if stored is None else str(stored.item["key"])

    def _new_cursor_key(self) -> str:
        fresh = {"name": _CURSOR_KEY, "key": secrets.token_urlsafe(32)}
        kept: list[Item] = []

        def made(stored: Item | None) -> Item | None:
            kept[:] = [fresh if stored is None else stored]
            return fresh if stored is None else None

        change_item(self._store, STATE, {"name": _CURSOR_KEY}, made)
        return str(kept[0]["key"])


def _ingest(provider: str) -> str:
    return f"ingest/{provider}"
