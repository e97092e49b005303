"""Sending much in batches, several at once, until all of it was taken."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from ..errors import StoreUnavailableError

__all__ = ["Backoff", "chunks", "send_all"]

T = TypeVar("T")

Send = Callable[[Sequence[T]], Sequence[T]]
"""Sends a batch; returns what of it was not processed and may be sent again."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to go on trying: pauses of random length below a growing ceiling ("full jitter")."""

    limit_s: float = 20.0
    first_s: float = 0.05
    longest_s: float = 2.0
    sleep: Callable[[float], None] = time.sleep
    elapsed_s: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random

    def tries(self) -> Iterator[None]:
        """Yield at once, and again after every pause until the limit would be passed."""
        deadline = self.elapsed_s() + self.limit_s
        ceiling = self.first_s
        while True:
            yield
            pause = self.random() * ceiling
            if self.elapsed_s() + pause > deadline:
                return
            self.sleep(pause)
            ceiling = min(2 * ceiling, self.longest_s)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one shorter, without running ahead."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


def send_all(
    send: Send[T], items: Sequence[T], *, size: int, at_once: int, backoff: Backoff, where: str
) -> None:
    """Send everything in batches of `size`; `StoreUnavailableError` says how much was refused."""
    batches = list(chunks(items, size))
    drain = partial(_drain, send, backoff)
    if len(batches) == 1:
        outcomes = [drain(batches[0])]
    else:
        with ThreadPoolExecutor(at_once) as threads:
            outcomes = list(threads.map(drain, batches))
    refused = sum(count for count, _ in outcomes)
    if refused:
        raise StoreUnavailableError(
            f"{where}: {refused} of {len(items)} still not processed after {backoff.limit_s:g} s"
        ) from next((cause for _, cause in outcomes if cause is not None), None)


def _drain(
    send: Send[T], backoff: Backoff, batch: Sequence[T]
) -> tuple[int, StoreUnavailableError | None]:
    """Return how many of the batch were refused to the end, and the last error."""
    cause = None
    for _ in backoff.tries():
        try:
            batch, cause = send(batch), None
        except StoreUnavailableError as error:
            cause = error
        if not batch:
            return 0, None
    return len(batch), cause
