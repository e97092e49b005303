"""Events and notifications kept in this process: for a laptop, a notebook, the tests."""

from collections.abc import Iterable, Sequence
from threading import Lock

from ..domain import Notification
from ..events import Event

__all__ = ["MemoryNotifier", "MemoryPublisher"]


class MemoryPublisher:
    """An `EventPublisher` that keeps events until they are taken."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        """Keep every event, in order."""
        with self._lock:
            self._events.extend(events)

    def take(self) -> list[Event]:
        """Return what was published since the last time, oldest first."""
        with self._lock:
            taken, self._events = self._events, []
        return taken


class MemoryNotifier:
    """A `Notifier` that keeps notifications; one that comes twice is kept once."""

    def __init__(self) -> None:
        self._sent: dict[str, Notification] = {}

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Keep every notification."""
        self._sent.update((each.id, each) for each in notifications)

    @property
    def sent(self) -> tuple[Notification, ...]:
        """Everything that was sent, oldest first."""
        return tuple(self._sent.values())
