"""A process that is killed at its n-th call of store, provider or bus, before or after it.

`python -m tests.simulation.killing DATABASE POINT` is killed by the system, after it has printed
the events that it published.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from signal9_core.bootstrap import App
from signal9_core.events import Event
from signal9_core.publishers.in_process import InProcessEventBus
from signal9_core.schemas.users import WatchlistPut
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from tests.core.services.test_interrupted import changed_provider
from tests.fakes import NOW, FakeProvider, SetClock

from .world import KilledError

__all__ = ["Killing", "deliver_later", "prepare", "run"]

USER = "follower"


class Killing:
    """Counts calls, and kills at one of them."""

    def __init__(self, point: int | None = None, kill: Callable[[], None] | None = None) -> None:
        self.point = point
        self.count = 0
        self._kill = kill

    def pass_point(self) -> None:
        self.count += 1
        if self.point is not None and self.count > self.point:
            if self._kill is not None:
                self._kill()
            raise KilledError  # every later call fails as well: the process is gone

    def around(self, part: Any) -> Any:
        """Return a part whose every call may be the last one."""
        return _Killable(part, self)


class _Killable:
    def __init__(self, part: Any, killing: Killing) -> None:
        self._part = part
        self._killing = killing

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._killing.pass_point()
            result = found(*args, **options)
            self._killing.pass_point()
            return result

        return call


class _Bus(InProcessEventBus):
    def __init__(self, killing: Killing, hear: Callable[[Event], object]) -> None:
        super().__init__()
        self._killing = killing
        self._hear = hear

    def publish(self, events: Sequence[Event]) -> None:
        self._killing.pass_point()
        for event in events:
            self._hear(event)
        super().publish(events)
        self._killing.pass_point()


def prepare(store: Any) -> None:
    """Ingest what the fake provider has, and let a user follow a company."""
    provider = FakeProvider()
    app = App(Settings(), store=store, provider=provider, clock=SetClock(provider.at))
    app.run()
    app.users.put_watchlist(USER, WatchlistPut(watchlist=["AAPL", "BRK.B"]))


def run(store: Any, killing: Killing, hear: Callable[[Event], object]) -> None:
    """Do everything that is due a while later, up to the notifications."""
    provider = changed_provider()
    app = App(
        Settings(),
        store=killing.around(store),
        provider=killing.around(provider),
        bus=_Bus(killing, hear),
        clock=SetClock(provider.at + timedelta(seconds=1)),
    )
    app.run()
    app.send_notifications()


def deliver_later(store: Any) -> None:
    """Send what a killed process had taken to send; an hour later it counts as not sent."""
    clock = SetClock(changed_provider().at + timedelta(hours=1))
    App(Settings(), store=store, provider=changed_provider(), clock=clock).send_notifications()


def _main() -> None:
    killing = Killing(int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL))

    def hear(event: Event) -> None:
        sys.stdout.write(f"{event.model_dump_json()}\n")
        sys.stdout.flush()

    with SqliteStore.open(Path(sys.argv[1]), clock=SetClock(NOW)) as store:
        run(store, killing, hear)


if __name__ == "__main__":
    _main()
