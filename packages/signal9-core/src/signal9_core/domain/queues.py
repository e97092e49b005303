"""The queues of a stage, their messages, and messages that failed for good."""

from typing import Final, NamedTuple

from pydantic import PositiveInt, ValidationError

from .model import Instant, Model

DELETIONS: Final = "deletions"
"""The queue of users who asked for the deletion of their data."""

INSIGHTS: Final = "insights"
"""The queue of events that insights follow from."""

NOTIFICATIONS: Final = "notifications"
"""The queue of events that users are notified of."""

DEAD_LETTERS: Final = "-dead-letters"
"""What the name of a queue ends with that holds the dead letters of another."""


def work_queue(provider: str) -> str:
    """Return the queue of the work items of a provider."""
    return f"work-{provider}"


def queue_prefix(stage: str) -> str:
    """Return what the names of a stage's queues begin with."""
    return f"signal9-{stage}-"


class Message(NamedTuple):
    """A message as a queue delivers it, for the `tries`th time."""

    id: str
    body: str
    tries: int = 1
    receipt: str = ""


class Failure(NamedTuple):
    """A message that failed: its id, the reason, and whether it is a dead letter now."""

    id: str
    reason: str
    is_dead: bool


class DeadLetter(Model):
    """A message that failed for good, why, and the queue that it is put back on."""

    id: str
    queue: str
    reason: str
    failed_at: Instant
    tries: PositiveInt
    body: str


def reason_of(error: Exception) -> str:
    """Return what went wrong in one line, without the values of a message."""
    if isinstance(error, ValidationError):
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        listed = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in problems)
        return f"{error.title}: {listed}"
    return f"{type(error).__name__}: {error}"
