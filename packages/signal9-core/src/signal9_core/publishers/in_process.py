"""Events and notifications that stay in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..events import Event, correlated

if TYPE_CHECKING:
    from ..domain.users import Notification
    from ..ports import Mail

EventHandler = Callable[[Event], object]
"""Does what follows from an event; what it returns does not matter."""


class InProcessEventBus:
    """An `EventPublisher` that calls its subscribers.

    When `publish` returns, everything that follows from the events is done as well: a handler may
    publish events itself, which are handled before it goes on.
    """

    def __init__(self) -> None:
        self._handlers: list[EventHandler] = []

    def subscribe(self, handler: EventHandler) -> None:
        """Call `handler` with every event from now on."""
        self._handlers.append(handler)

    def publish(self, events: Sequence[Event]) -> None:
        """Call every subscriber with every event, in order; their errors are raised as they are."""
        for event in events:
            with correlated(event.correlation_id):
                for handler in tuple(self._handlers):
                    handler(event)


class MemoryMailer:
    """A `Mailer` that keeps mails, so that none leaves the process."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def send(self, mail: Mail) -> None:
        """Keep a mail."""
        self.sent.append(mail)


class MemoryNotifier:
    """A `Notifier` that keeps notifications; one that comes twice is kept once."""

    def __init__(self) -> None:
        self._sent: dict[str, Notification] = {}

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Keep every notification."""
        self._sent |= {notification.id: notification for notification in notifications}

    @property
    def sent(self) -> tuple[Notification, ...]:
        """Everything that was sent, oldest first."""
        return tuple(self._sent.values())
