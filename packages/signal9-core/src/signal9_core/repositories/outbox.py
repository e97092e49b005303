"""Events still to be announced: kept before their facts are written, dropped afterwards."""

import json
from collections.abc import Sequence
from typing import Final

from ..events import Event, event_from
from ..ports import ABSENT, Item, Store, Value
from ..tables import STATE
from .changes import change_item, contested

__all__ = ["OutboxRepository"]

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
