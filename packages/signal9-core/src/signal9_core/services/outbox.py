"""Announcing what changed so that no stop in between can swallow it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Event, IngestionFailed
from ..ports import Clock, EventPublisher
from ..repositories import OutboxRepository

if TYPE_CHECKING:
    from .ingest import Failure

__all__ = ["Announcer"]


@dataclass(frozen=True)
class Announcer:
    """Keeps events in the outbox from before the first write until they are published.

    A run that is stopped in between leaves them there; the next one about the same subject
    publishes them, even if it finds nothing left to write.
    """

    outbox: OutboxRepository
    publisher: EventPublisher
    clock: Clock

    def foretell(self, subject: str, *events: Event) -> None:
        """Keep events whose facts are about to be written."""
        self.outbox.keep(subject, events)

    def pending(self, *subjects: str) -> dict[str, list[Event]]:
        """Return what is kept, for `announce` to publish."""
        return self.outbox.kept(*subjects)

    def announce(self, pending: Mapping[str, Sequence[Event]]) -> None:
        """Publish what is pending, and forget it."""
        for subject, events in pending.items():
            self.publisher.publish(events)
            self.outbox.drop(subject, events)

    def announce_failures(self, failures: "Sequence[Failure]") -> None:
        """Publish what could not be ingested."""
        at = self.clock()
        events = [
            IngestionFailed(
                at=at,
                ticker=each.ticker,
                data_set=each.data_set,
                reason=each.reason,
                transient=each.transient,
            )
            for each in failures
        ]
        if events:
            self.publisher.publish(events)
