"""A bus within one process: whoever listens has done everything when `publish` returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..events import Event
from ..ports import EventPublisher

__all__ = ["SettlingPublisher"]


@dataclass(frozen=True)
class SettlingPublisher:
    """An `EventPublisher` after which everything that follows is stored, too.

    Events in memory die with the process. So what is kept to be announced is dropped only then.
    """

    publisher: EventPublisher
    settle: Callable[[], None]

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over every event, and see to what follows."""
        self.publisher.publish(events)
        self.settle()
