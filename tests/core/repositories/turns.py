"""Several processes over one store, each of whose calls waits for its turn."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from threading import Semaphore, Thread
from typing import Any, Final

from signal9_core.ports import Item, Page, Store
from signal9_core.tables import TableSpec
from tests.spied import StoppedError

__all__ = ["Process", "take_turns"]

_ALL: Final = 10**4
"""More calls than anybody needs who is not lost."""

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
        self.next_call = ""

    def start(self) -> None:
        """Run up to the first call."""
        self._thread.start()
        self._paused.acquire()

    def step(self) -> None:
        """Run up to the next call or the end, if not there yet; raise what went wrong."""
        if not self.alive:
            return
        self._turn.release()
        self._paused.acquire()
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Stop where it is."""
        self._calls_left = 0
        while self.alive:
            self._turn.release()
            self._paused.acquire()

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        self._wait("put")
        return self._store.put(table, item, expected=expected)

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        self._wait("query")
        return self._store.query(table, partition, **options)

    def _wait(self, call: str) -> None:
        self.next_call = call
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
    try:
        for who, calls in chain(runs, ((at, _ALL) for at in range(len(processes)))):
            process = processes[who % len(processes)]
            for _ in range(calls):
                process.step()
        assert not any(process.alive for process in processes)
    finally:
        for process in processes:
            process.end()
