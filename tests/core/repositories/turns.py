"""Several processes over one store, each of whose calls waits for its turn."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain, repeat
from threading import Semaphore, Thread
from typing import Any

from signal9_core.ports import Item, Page, Store
from signal9_core.tables import TableSpec
from tests.spied import StoppedError

__all__ = ["Process", "take_turns"]

Run = tuple[int, int]
"""Which process is next, and how many calls it may make."""


class Process:
    """What one process does to a store; it ends before the call with number `stop`, if any."""

    def __init__(
        self, store: Store, work: Callable[["Process"], None], stop: int | None = None
    ) -> None:
        self._store = store
        self._work = work
        self._calls_left = stop
        self._turn, self._paused = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None
        self.alive = True

    def start(self) -> None:
        """Run up to the first call."""
        self._thread.start()
        self._paused.acquire()

    def step(self) -> None:
        """Run up to the next call or the end; raise what went wrong."""
        self._turn.release()
        self._paused.acquire()
        if self._error is not None:
            raise self._error

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        self._wait()
        return self._store.put(table, item, expected=expected)

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        self._wait()
        return self._store.query(table, partition, **options)

    def _wait(self) -> None:
        self._paused.release()
        self._turn.acquire()
        if self._calls_left is not None:
            self._calls_left -= 1
            if self._calls_left < 0:
                raise StoppedError

    def _run(self) -> None:
        try:
            with suppress(StoppedError):
                self._work(self)
        except BaseException as error:  # noqa: BLE001  # `step` raises it
            self._error = error
        self.alive = False
        self._paused.release()


def take_turns(processes: Sequence[Process], runs: Iterable[Run]) -> None:
    """Let processes run, each for as many calls as it is given; then the rest of each in turn."""
    for process in processes:
        process.start()
    for who, calls in chain(runs, ((at, 10**6) for at in range(len(processes)))):
        process = processes[who % len(processes)]
        for _ in repeat(None, calls):
            if not process.alive:
                break
            process.step()
