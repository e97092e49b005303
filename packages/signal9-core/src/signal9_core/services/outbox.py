"""The outbox: events wait in it from before a write until they are published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.companies import PendingEvent
from ..events import event_from
from ..ports import ABSENT
from ..repositories.optimistic import change_item, retry_on_conflict
from ..tables import STATE, state_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Event
    from ..ports import EventPublisher, Item, Store

__all__ = ["Outbox", "pack", "unpack"]


def pack(event: Event) -> PendingEvent:
    """Return an event as it is stored."""
    return PendingEvent(detail_type=event.detail_type, detail=event.model_dump_json())


def unpack(pending: PendingEvent) -> Event:
    """Return the event that was stored."""
    return event_from({"detail-type": pending.detail_type, "detail": json.loads(pending.detail)})


@dataclass(frozen=True)
class Outbox:
    """Events about a subject, such as the listing: recorded before a write, published after it.

    A run that stops in between leaves them, and the next one about the same subject publishes them,
    even if it finds nothing to write. Events about a company are part of its record instead.
    """

    store: Store
    publisher: EventPublisher

    def record(self, subject: str, *events: Event) -> None:
        """Store events whose facts are about to be written."""
        key = _key(subject)

        def recorded(item: Item | None) -> Item | None:
            before = _pending(item)
            known = set(before)
            new = [event for event in map(pack, events) if event not in known]
            return _item(subject, [*before, *new]) if new else None

        change_item(self.store, STATE, key, recorded)

    def pending(self, subject: str) -> list[Event]:
        """Return the events that are recorded and not published, oldest first."""
        stored = self.store.get(STATE, _key(subject))
        return [unpack(event) for event in _pending(stored and stored.item)]

    def publish(self, subject: str) -> None:
        """Publish what is recorded about a subject, and remove it."""
        published = self.pending(subject)
        if published:
            self.publisher.publish(published)
            self._remove(subject, {pack(event) for event in published})

    def send(self, events: Sequence[Event]) -> None:
        """Publish events that announce no write, or are recorded elsewhere."""
        if events:
            self.publisher.publish(events)

    def _remove(self, subject: str, events: set[PendingEvent]) -> None:
        def attempt() -> None:
            stored = self.store.get(STATE, _key(subject))
            left = [event for event in _pending(stored and stored.item) if event not in events]
            version = ABSENT if stored is None else stored.version
            if left:
                self.store.put(STATE, _item(subject, left), expected=version)
            else:
                self.store.delete(STATE, _key(subject), expected=version)

        retry_on_conflict(attempt)


def _key(subject: str) -> dict[str, str]:
    return state_key("outbox", subject)


def _item(subject: str, events: Sequence[PendingEvent]) -> Item:
    return {**_key(subject), "events": [event.model_dump() for event in events]}


def _pending(item: Item | None) -> list[PendingEvent]:
    events = None if item is None else item["events"]
    return (
        [PendingEvent.model_validate(event) for event in events] if isinstance(events, list) else []
    )
