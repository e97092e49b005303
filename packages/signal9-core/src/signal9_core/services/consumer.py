"""Consumers of queues: what fails is tried again, and becomes a dead letter in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..domain.queues import DeadLetter, Failure, reason_of
from ..errors import InputError, Signal9Error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ..domain.queues import Message
    from ..ports import Clock, DeadLetters, Queues

_ATTEMPTS: Final = 3
_FIRST_DELAY_S: Final = 30


@dataclass(frozen=True)
class Consumer:
    """Handles the messages of a queue, each on its own.

    One that cannot be read is a dead letter at once, any other after the third attempt.
    """

    queue: str
    handle: Callable[[str], object]
    queues: Queues
    dead_letters: DeadLetters
    clock: Clock

    def __call__(self, messages: Sequence[Message], until: datetime) -> list[Failure]:
        """Handle messages; return those that failed. Those that are no dead letters stay.

        None is begun after `until`: the rest is sent again, so that no attempt is lost.
        """
        failures: list[Failure] = []
        for message in messages:
            try:
                if self.clock() < until:
                    self.handle(message.body)
                else:
                    self.queues.send(self.queue, [message.body])
            except Exception as error:  # noqa: BLE001  # must not hold up the other messages
                failures.append(self._failed(message, error))
        return failures

    def _failed(self, message: Message, error: Exception) -> Failure:
        reason = reason_of(error)
        try:
            if message.tries < _ATTEMPTS and not isinstance(error, InputError):
                self.queues.retry_later(self.queue, message, _FIRST_DELAY_S << message.tries)
                return Failure(message.id, reason, is_dead=False)
            self.dead_letters.add(
                DeadLetter(
                    id=message.id,
                    queue=self.queue,
                    reason=reason,
                    failed_at=self.clock(),
                    tries=message.tries,
                    body=message.body,
                )
            )
        except Signal9Error as unreported:
            # The queue delivers it again, or moves it to the dead letters without a reason.
            return Failure(message.id, f"{reason}; {reason_of(unreported)}", is_dead=False)
        return Failure(message.id, reason, is_dead=True)
