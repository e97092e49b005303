"""Small things that must outlive a process: runs of an ingest, and the key that signs cursors."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import ConfigDict, TypeAdapter

from ..domain import Instant
from ..events import Event, event_from
from ..ports import ABSENT, Item, Store, Value
from ..tables import STATE
from .optimistic import change_item, contested, ignore, instant_key, sync_items

__all__ = ["OutboxRepository", "StateRepository"]

_DETAIL_TYPE: Final = "detailType"


class OutboxRepository:
    """What a run that was stopped midway leaves behind for the next one, by what it is about."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, subject: str, events: Sequence[Event]) -> None:
        """Keep events that are not yet kept."""
        given = [_value(event) for event in events]

        def kept(item: Item | None) -> Item | None:
            before = _values(item)
            after = [*before, *(each for each in given if each not in before)]
            return None if after == before else {"name": _name(subject), "events": after}

        change_item(self._store, STATE, {"name": _name(subject)}, kept)

    def kept(self, *subjects: str) -> dict[str, list[Event]]:
        """Return the events that were kept and not dropped, oldest first, where there are any."""
        of = {_name(subject): subject for subject in subjects}
        found = self._store.get_many(STATE, ({"name": name} for name in of))
        return {
            of[str(each.item["name"])]: [_event(value) for value in _values(each.item)]
            for each in found
        }

    def drop(self, subject: str, events: Sequence[Event]) -> None:
        """Forget these events, since they are announced."""
        gone = [_value(event) for event in events]
        key = {"name": _name(subject)}
        for attempt in contested():
            with attempt:
                found = self._store.get(STATE, key)
                left = [each for each in _values(found and found.item) if each not in gone]
                version = ABSENT if found is None else found.version
                if left:
                    self._store.put(STATE, {**key, "events": left}, expected=version)
                else:
                    self._store.delete(STATE, key, expected=version)


def _name(subject: str) -> str:
    return f"outbox/{subject}"


def _value(event: Event) -> dict[str, str]:
    return {_DETAIL_TYPE: event.detail_type, "detail": event.model_dump_json()}


def _values(item: Item | None) -> list[Value]:
    events = None if item is None else item["events"]
    return list(events) if isinstance(events, list) else []


def _event(value: Value) -> Event:
    assert isinstance(value, dict)  # noqa: S101  # as `keep` wrote it
    return event_from(
        {"detail-type": value[_DETAIL_TYPE], "detail": json.loads(str(value["detail"]))}
    )


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
