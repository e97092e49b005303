"""Handing over many small entries to AWS, which takes ten at a time and may refuse some of them."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from ..errors import PublishError

__all__ = ["LARGEST", "Delivery", "Refusal"]

LARGEST: Final = 256 * 1024
"""Bytes that one request may carry, whether in one entry or in ten."""

_MOST: Final = 10
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0

T = TypeVar("T")


class Refusal(NamedTuple):
    """An entry of a batch that was not taken; `passing` tells whether it may be a little later."""

    place: int
    code: str
    passing: bool


@dataclass(frozen=True)
class Delivery:
    """Sends entries in batches, and what was refused for now again, after random waits.

    The limits hold for each batch.
    """

    attempts: int = 8
    seconds: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    elapsed: Callable[[], float] = time.monotonic

    def __call__(
        self,
        what: str,
        entries: Sequence[T],
        size: Callable[[T], int],
        send: Callable[[list[T]], list[Refusal]],
    ) -> None:
        """Hand over every entry, in order; `PublishError` where some were refused to the end."""
        refused: Counter[str] = Counter()
        for batch in _batches(entries, size):
            refused.update(self._send(batch, send))
        if refused:
            codes = ", ".join(f"{count} {code}" for code, count in sorted(refused.items()))
            raise PublishError(f"{what}: {refused.total()} of {len(entries)} refused: {codes}")

    def _send(self, batch: list[T], send: Callable[[list[T]], list[Refusal]]) -> list[str]:
        """Return the error codes of the entries that were refused to the end."""
        lost: list[str] = []
        until = self.elapsed() + self.seconds
        attempt = 0
        while True:
            attempt += 1
            refusals = send(batch)
            lost += [each.code for each in refusals if not each.passing]
            again = [each for each in refusals if each.passing]
            wait = self.random() * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (attempt - 1))
            if not again or attempt == self.attempts or self.elapsed() + wait > until:
                return lost + [each.code for each in again]
            batch = [batch[each.place] for each in again]
            self.sleep(wait)


def _batches(entries: Sequence[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield the entries, in order, as many at a time as a request may carry."""
    batch: list[T] = []
    room = LARGEST
    for entry in entries:
        needed = size(entry)
        if batch and (len(batch) == _MOST or needed > room):
            yield batch
            batch, room = [], LARGEST
        batch.append(entry)
        room -= needed
    if batch:
        yield batch
