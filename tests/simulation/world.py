"""What the pipeline meets in a simulated night: time, faults, a provider, a store, queues."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, Final
from unittest.mock import patch

import httpx2
from botocore.exceptions import ClientError

from signal9_core.domain.queues import INSIGHTS, NOTIFICATIONS, DeadLetter, Message
from signal9_core.domain.users import Notification
from signal9_core.errors import PublishError, StoreUnavailableError
from signal9_core.events import (
    SOURCE,
    AssetDataUpdated,
    EarningsScheduled,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
)
from signal9_core.ports import Item, Key, Page, Store, Stored
from signal9_core.providers.simulator.simulator import Simulator
from signal9_core.tables import TableSpec

__all__ = [
    "Faults",
    "KilledError",
    "SimulatedBus",
    "SimulatedNotifier",
    "SimulatedQueues",
    "SimulatedStore",
    "SimulatedTransport",
    "VirtualClock",
    "keep",
    "throttle",
]


class VirtualClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def elapsed_s(self) -> float:
        return self.now.timestamp()

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Let another machine take its time, while none passes here."""
        now = self.now
        try:
            yield
        finally:
            self.now = now

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Let every retry wait in virtual time."""
        with patch("time.sleep", self.sleep):
            yield


class KilledError(BaseException):
    """The process is gone, at once and without any cleaning up that could be relied upon."""


RATES: Final = {
    "429": 0.02,
    "500": 0.02,
    "503": 0.02,
    "html": 0.01,
    "truncated": 0.02,
    "cut": 0.02,
    "reset": 0.02,
    "hang": 0.005,
    "store unavailable": 0.001,
    "throttled": 0.002,
    "unprocessed": 0.05,
    "killed": 0.0004,
    "interleaved": 0.002,
    "send refused": 0.01,
    "delivered twice": 0.02,
    "delivered late": 0.02,
    "notification refused": 0.03,
}
"""How likely each fault is whenever it could happen."""

_UNNOTED: Final = ("killed", "store unavailable", "throttled")
"""Faults after which nobody knows what was done."""

_MOST_LIKELY: Final = 0.2
_REPLIES: Final = ("429", "500", "503", "html", "truncated", "cut")


@dataclass
class Faults:
    """Decides when something goes wrong, and counts it; `rate` 0 means never."""

    chance: Random
    rate: float = 0
    seen: Counter[str] = field(default_factory=Counter)

    def strikes(self, kind: str) -> bool:
        if not self.rate or self.chance.random() >= min(_MOST_LIKELY, RATES[kind] * self.rate):
            return False
        self.seen[kind] += 1
        return True

    def kill(self) -> None:
        """Kill the process that asks, now and then."""
        if self.strikes("killed"):
            raise KilledError

    def reply(self, _: str) -> str | None:
        """Return what a provider does instead of answering, if anything."""
        return next((name for name in _REPLIES if self.strikes(name)), None)


@dataclass
class SimulatedTransport(httpx2.BaseTransport):
    """Carries requests to a simulator in this process; counts them by minute and by path."""

    simulator: Simulator
    clock: VirtualClock
    faults: Faults
    poisoned: dict[str, bytes]
    latency_s: float = 0.25
    calls: Counter[str] = field(default_factory=Counter)
    minutes: Counter[datetime] = field(default_factory=Counter)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.faults.kill()
        self.clock.sleep(self.latency_s)
        self.calls[request.url.path] += 1
        self.minutes[self.clock().replace(second=0, microsecond=0)] += 1
        if self.faults.strikes("reset"):
            raise httpx2.ReadError("connection reset by peer")
        if self.faults.strikes("hang"):
            self.clock.sleep(30)
            raise httpx2.ReadTimeout("timed out")
        params, headers = dict(request.url.params), dict(request.headers)
        reply = self.simulator.reply(request.url.path, params, headers)
        if reply.cut:
            raise httpx2.RemoteProtocolError("peer closed connection without a complete body")
        self.faults.kill()
        body = reply.body
        if "bars" in request.url.path:
            body = self._poison(body, params.get("symbols", "").split(","))
        kept = {"content-type": reply.content_type, **reply.headers}
        return httpx2.Response(reply.status, headers=kept, content=body)

    def overdrawn(self, per_minute: int) -> int:
        """Return how many calls were more than a minute allows."""
        return sum(max(0, calls - per_minute) for calls in self.minutes.values())

    def _poison(self, body: bytes, symbols: Iterable[str]) -> bytes:
        """Spoil the latest bar of poisoned companies."""
        spoiled = [symbol for symbol in symbols if symbol in self.poisoned]
        if not spoiled or not body.startswith(b'{"bars"') or not body.endswith(b"}"):
            return body
        try:
            answer: Any = json.loads(body)
        except ValueError:
            return body
        for symbol in (symbol for symbol in spoiled if answer["bars"].get(symbol)):
            answer["bars"][symbol][-1]["c"] = f"@{symbol}@"
        text = json.dumps(answer).encode()
        for symbol in spoiled:
            text = text.replace(f'"@{symbol}@"'.encode(), self.poisoned[symbol])
        return text


@dataclass
class SimulatedStore:
    """A store of which calls take time, fail now and then, and let other processes in."""

    store: Store
    clock: VirtualClock
    faults: Faults
    meanwhile: Callable[[], object] = lambda: None
    latency_s: float = 0.004

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        self._before()
        return self.store.get(table, key)

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        self._before()
        return self.store.get_many(table, keys)

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        self._before()
        return self.store.put(table, item, expected=expected)

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        self._before()
        self.store.put_many(table, items)

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        self._before()
        return self.store.put_new(table, items)

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        self._before()
        self.store.delete(table, key, expected=expected)

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        self._before()
        return self.store.query(table, partition, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _before(self) -> None:
        self.clock.sleep(self.latency_s)
        self.faults.kill()
        if self.faults.strikes("store unavailable"):
            raise StoreUnavailableError("the store is not available")
        if self.faults.strikes("interleaved"):
            with self.clock.elsewhere():
                self.meanwhile()


def throttle(faults: Faults) -> Callable[[str], None]:
    """Return what refuses an operation of DynamoDB now and then."""

    def before(operation: str) -> None:
        if faults.strikes("throttled"):
            error: Any = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
            raise ClientError(error, operation)

    return before


def keep(faults: Faults) -> Callable[[int], int]:
    """Return what leaves a part of a batch unprocessed now and then."""
    return lambda count: faults.chance.randrange(count) if faults.strikes("unprocessed") else count


@dataclass
class _Waiting:
    queue: str
    body: str
    visible_at: datetime
    tries: int = 0


@dataclass
class SimulatedQueues:
    """SQS: at least once, in any order, and to the dead letters after some deliveries."""

    clock: VirtualClock
    faults: Faults
    visibility_s: dict[str, float]
    attempts: dict[str, int]
    dead: list[DeadLetter] = field(default_factory=list)
    _messages: dict[str, _Waiting] = field(default_factory=dict)
    _order: dict[str, list[tuple[datetime, float, str]]] = field(default_factory=dict)
    _sent: int = 0

    def send(self, queue: str, bodies: Sequence[str]) -> None:
        refused = [body for body in bodies if self.faults.strikes("send refused")]
        for body in bodies:
            if body not in refused:
                self._put(queue, body)
                if self.faults.strikes("delivered twice"):
                    self._put(queue, body)
        if refused:
            raise PublishError(f"{len(refused)} of {len(bodies)} refused", refused)
        self.faults.kill()

    def _put(self, queue: str, body: str) -> None:
        late = self.faults.strikes("delivered late")
        delay_s = self.faults.chance.uniform(1, 120) if late else 0
        self._sent += 1
        self._show(f"m{self._sent}", _Waiting(queue, body, self.clock()), delay_s)

    def _show(self, id_: str, message: _Waiting, delay_s: float) -> None:
        message.visible_at = self.clock() + timedelta(seconds=delay_s)
        self._messages[id_] = message
        entry = message.visible_at, self.faults.chance.random(), id_
        heappush(self._order.setdefault(message.queue, []), entry)

    def retry_later(self, queue: str, message: Message, delay_s: int) -> None:
        if message.id in self._messages:
            self._show(message.id, self._messages[message.id], delay_s)

    def receive(self, queue: str, most: int) -> list[Message]:
        """Return visible messages, and hide them for a while."""
        received: list[Message] = []
        order = self._order.get(queue, [])
        while order and order[0][0] <= self.clock() and len(received) < most:
            visible_at, _, id_ = heappop(order)
            message = self._messages.get(id_)
            if message is None or message.visible_at != visible_at:
                continue
            message.tries += 1
            if message.tries > self.attempts[queue]:
                self.delete(id_)
                self.add(self._never_finished(id_, message))
                continue
            self._show(id_, message, self.visibility_s[queue])
            received.append(Message(id_, message.body, message.tries, id_))
        return received

    def delete(self, id_: str) -> None:
        self._messages.pop(id_, None)

    def next_at(self, queues: Iterable[str]) -> datetime | None:
        """Return when the next message is visible."""
        return min(
            (message.visible_at for message in self._messages.values() if message.queue in queues),
            default=None,
        )

    def _never_finished(self, id_: str, message: _Waiting) -> DeadLetter:
        return DeadLetter(
            id=id_,
            queue=message.queue,
            reason="never finished",
            failed_at=self.clock(),
            tries=message.tries,
            body=message.body,
        )

    # Dead letters

    def add(self, letter: DeadLetter) -> None:
        self.dead.append(letter)

    def all(self) -> list[DeadLetter]:
        return list(self.dead)

    def redrive(self, ids: Iterable[str] | None = None) -> set[str]:
        letters, self.dead = self.dead, []
        for letter in letters:
            self._put(letter.queue, letter.body)
        return {letter.id for letter in letters}


_RULES: Final[dict[str, tuple[type[Event], ...]]] = {
    INSIGHTS: (AssetDataUpdated, NewsIngested, PricesUpdated),
    NOTIFICATIONS: (EarningsScheduled, FinancialDataIngested, NewsIngested, PricesUpdated),
}


@dataclass
class SimulatedBus:
    """EventBridge with the rules of a stage; remembers what was published."""

    queues: SimulatedQueues
    faults: Faults
    published: list[Event] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> None:
        self.faults.kill()
        refused = [event for event in events if self.faults.strikes("send refused")]
        for event in events:
            if event in refused:
                continue
            self.published.append(event)
            detail = json.loads(event.model_dump_json())
            envelope = {"source": SOURCE, "detail-type": event.detail_type, "detail": detail}
            for queue, kinds in _RULES.items():
                if isinstance(event, kinds):
                    self._deliver(queue, json.dumps(envelope))
        if refused:
            raise PublishError(f"{len(refused)} of {len(events)} refused", refused)
        self.faults.kill()

    def _deliver(self, queue: str, body: str) -> None:
        """Deliver an event: EventBridge tries again by itself until a queue accepts it."""
        self.queues._put(queue, body)
        if self.faults.strikes("delivered twice"):
            self.queues._put(queue, body)


@dataclass
class SimulatedNotifier:
    """A topic that refuses some notifications, and counts those that it accepts.

    One is `resent` if a process was killed since, or could not note it for want of the store: its
    receivers know it by its id. Any other repetition is `twice`.
    """

    faults: Faults
    sent: set[str] = field(default_factory=set)
    twice: int = 0
    resent: int = 0
    _kills: dict[str, int] = field(default_factory=dict)

    def notify(self, notifications: Iterable[Notification]) -> None:
        batch = list(notifications)
        refused = [item for item in batch if self.faults.strikes("notification refused")]
        for item in batch:
            if item not in refused:
                self._accept(item.id)
        if refused:
            raise PublishError(f"{len(refused)} of {len(batch)} refused", refused)

    def _accept(self, id_: str) -> None:
        kills = sum(self.faults.seen[kind] for kind in _UNNOTED)
        if id_ in self.sent and kills > self._kills[id_]:
            self.resent += 1
        elif id_ in self.sent:
            self.twice += 1
        self.sent.add(id_)
        self._kills[id_] = kills
