"""The outbox: events wait in it from before a write until they are published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from ..domain.companies import AssetProfile, DataSet, PendingEvent
from ..errors import InputError, PublishError
from ..events import (
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    PricesUpdated,
    UserDeletionRequested,
    event_from,
)
from ..ports import ABSENT, Clock, EventPublisher, Item, Store
from ..repositories.optimistic import ItemRange, change_item, retry_on_conflict, scan, to_item
from ..tables import STATE, state_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..domain.model import Ticker
    from ..repositories.companies import AssetRepository
    from ..repositories.users import DeletionRepository

_GOING_ON: Final = timedelta(minutes=5)
_MOST_REFUSED: Final = 3
_REQUESTED_AGAIN: Final = timedelta(days=1)
_OUTBOX: Final = "outbox"

_DATA_SETS: Final = {
    FinancialDataIngested.detail_type: DataSet.FINANCIALS,
    FinancialDataRestated.detail_type: DataSet.FINANCIALS,
    NewsIngested.detail_type: DataSet.NEWS,
    PricesUpdated.detail_type: DataSet.PRICES,
}


def pack(event: Event) -> PendingEvent:
    """Return an event as it is stored."""
    return PendingEvent(detail_type=event.detail_type, detail=event.model_dump_json(), at=event.at)


def unpack(pending: PendingEvent) -> Event:
    """Return the event that was stored."""
    return event_from({"detail-type": pending.detail_type, "detail": json.loads(pending.detail)})


def data_set_of(event: PendingEvent) -> DataSet | None:
    """Return which data an event is about, if a run of a company stores them after it."""
    return _DATA_SETS.get(event.detail_type)


def is_early(event: PendingEvent, profile: AssetProfile, now: datetime) -> bool:
    """Return whether a run may have been stopped before it stored what an event is about.

    Nothing has come since then, and it is requested again within a day: that run publishes it.
    """
    data_set = data_set_of(event)
    if data_set is None or now - event.at > _REQUESTED_AGAIN:
        return False
    received = profile.requested.get(data_set)
    return received is None or received < event.at - _GOING_ON


@dataclass(frozen=True)
class Outbox:
    """Events about a subject, such as the listing: recorded before a write, published after it.

    A run that stops in between leaves them, and the next one about the same subject publishes them,
    even if it finds nothing to write, or `PublishPending`. Events about a company are part of its
    record instead.
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

    def forget(self, subject: str) -> None:
        """Remove what is recorded about a subject, unpublished."""
        self.store.delete(STATE, _key(subject))

    def send(self, events: Sequence[Event]) -> None:
        """Publish events that announce no write, or are recorded elsewhere."""
        if events:
            self.publisher.publish(events)

    def withdraw(self, subject: str, *events: Event) -> None:
        """Remove events whose facts could not be written."""
        self._remove(subject, set(map(pack, events)))

    def unpublished(self, until: datetime) -> Iterator[str]:
        """Yield the subjects with unpublished events of this moment or earlier ones."""
        for item, _ in scan(self.store, ItemRange(STATE, _OUTBOX)):
            if any(event.at <= until for event in _pending(item)):
                yield str(item["item"])

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
    return state_key(_OUTBOX, subject)


def _item(subject: str, events: Sequence[PendingEvent]) -> Item:
    return {**_key(subject), "events": [to_item(event) for event in events]}


def _pending(item: Item | None) -> list[PendingEvent]:
    events = None if item is None else item["events"]
    return (
        [PendingEvent.model_validate(event) for event in events] if isinstance(events, list) else []
    )


@dataclass(frozen=True)
class PublishPending:
    """Publish what runs have left that were stopped, or whose bus was down; announce deletions.

    What is younger than a run takes for one company may still be published by the run itself. A
    subject whose events are refused does not stop others; with some in a row, the bus is down.
    """

    outbox: Outbox
    assets: AssetRepository
    deletions: DeletionRepository
    clock: Clock

    def __call__(self) -> int:
        """Return of how many subjects something was published."""
        until = self.clock() - _GOING_ON
        published = refused = 0
        for publish in self._pending(until):
            try:
                publish()
            except (PublishError, InputError):
                refused += 1
                if refused == _MOST_REFUSED:
                    break
            else:
                published, refused = published + 1, 0
        return published

    def _pending(self, until: datetime) -> Iterator[Callable[[], None]]:
        for subject in self.outbox.unpublished(until):
            yield partial(self.outbox.publish, subject)
        for ticker in self.assets.unpublished(until):
            yield partial(self._publish_company, ticker)
        for user_id, at in self.deletions.pending():
            if at <= until:
                event = UserDeletionRequested(at=at, user_id=user_id)
                yield partial(self.outbox.send, [event])

    def _publish_company(self, ticker: Ticker) -> None:
        profile = self.assets.read(ticker)
        pending = [
            event
            for event in profile.model.pending
            if event.published_at is None and not is_early(event, profile.model, self.clock())
        ]
        self.outbox.send([unpack(event) for event in pending])
        at = self.clock()

        def published(profile: AssetProfile) -> AssetProfile:
            events = (
                event.model_copy(update={"published_at": at}) if event in pending else event
                for event in profile.pending
            )
            return profile.model_copy(update={"pending": tuple(events)})

        self.assets.change(ticker, published)
