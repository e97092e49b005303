"""Where events and notifications go."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from ..domain import Notification
from ..events import Event

__all__ = ["EventPublisher", "Notifier", "Progress"]


class EventPublisher(Protocol):
    """Announces what changed to whoever listens."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over every event, in order; `PublishError` where some were refused to the end."""


class Notifier(Protocol):
    """Tells users what they asked to be told."""

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Hand over every notification; `PublishError` where some were refused to the end."""


class Progress(Protocol):
    """Hears how far a long step is; a terminal draws a bar from it, a test or Lambda ignores it."""

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """`done` of `total` units of this data set are finished."""
