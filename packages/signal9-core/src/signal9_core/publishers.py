"""The edge to boto3: clients that give up in bounded time, and its errors as our own."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, RLock
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

from .domain import Notification
from .errors import PublishError
from .events import SOURCE, Event

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import (
        MessageAttributeValueTypeDef,
        PublishBatchRequestEntryTypeDef,
    )
__all__ = [
    "LARGEST",
    "Delivery",
    "EventBridgePublisher",
    "InProcessEventBus",
    "MemoryNotifier",
    "MemoryPublisher",
    "Refusal",
    "SnsNotifier",
    "client_config",
    "events_client",
    "publish_errors",
    "sns_client",
]


def client_config() -> "Config":
    """Return how long a client waits and how often it tries: seconds, not minutes."""
    from botocore.config import Config  # core runs without it

    return Config(
        retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2, read_timeout=5
    )


@contextmanager
def publish_errors(where: str) -> Iterator[None]:
    """Turn whatever botocore raises inside into a `PublishError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise PublishError(f"{where}: {error}") from error


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


class MemoryPublisher:
    """An `EventPublisher` that keeps events until they are taken."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        """Keep every event, in order."""
        with self._lock:
            self._events.extend(events)

    def take(self) -> list[Event]:
        """Return what was published since the last time, oldest first."""
        with self._lock:
            taken, self._events = self._events, []
        return taken


class InProcessEventBus:
    """An `EventPublisher` that calls its subscribers before `publish` returns.

    What a subscriber publishes is delivered after the event that it was called for.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._subscribers: list[Callable[[Event], object]] = []
        self._queue: deque[Event] = deque()
        self._delivers = False

    def subscribe(self, subscriber: Callable[[Event], object]) -> None:
        """Call `subscriber` with every event."""
        self._subscribers.append(subscriber)

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver every event, in order; what a subscriber raises ends the delivery."""
        with self._lock:
            self._queue.extend(events)
            if self._delivers:
                return
            self._delivers = True
            try:
                while self._queue:
                    event = self._queue.popleft()
                    for subscriber in self._subscribers:
                        subscriber(event)
            finally:
                self._queue.clear()
                self._delivers = False


class MemoryNotifier:
    """A `Notifier` that keeps notifications; one that comes twice is kept once."""

    def __init__(self) -> None:
        self._sent: dict[str, Notification] = {}

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Keep every notification."""
        self._sent.update((each.id, each) for each in notifications)

    @property
    def sent(self) -> tuple[Notification, ...]:
        """Everything that was sent, oldest first."""
        return tuple(self._sent.values())


Entry: TypeAlias = "PutEventsRequestEntryTypeDef"


_TIME_BYTES: Final = 14
_PASSING: Final = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


def events_client(
    *, region: str | None = None, endpoint_url: str | None = None
) -> "EventBridgeClient":
    """Return a client; what is not given comes from where AWS's tools take it."""
    import boto3

    return boto3.client(
        "events", region_name=region, endpoint_url=endpoint_url, config=client_config()
    )


class EventBridgePublisher:
    """An `EventPublisher` that puts events on a bus."""

    def __init__(
        self, client: "EventBridgeClient", bus_name: str, delivery: Delivery | None = None
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._deliver = delivery or Delivery()

    def publish(self, events: Sequence[Event]) -> None:
        """Put every event on the bus, in order; nothing is sent if one of them is too large."""
        entries = [self._entry(event) for event in events]
        self._deliver(f"events for bus {self._bus_name}", entries, _size, self._send)

    def _entry(self, event: Event) -> "Entry":
        entry: Entry = {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Detail": event.model_dump_json(),
            "Time": event.at,
        }
        size = _size(entry)
        if size > LARGEST:
            raise PublishError(
                f"{event.detail_type} at {event.at}: {size} bytes, more than the {LARGEST} allowed"
            )
        return entry

    def _send(self, batch: "list[Entry]") -> list[Refusal]:
        with publish_errors(f"bus {self._bus_name}"):
            answer = self._client.put_events(Entries=batch)
        if not answer["FailedEntryCount"]:
            return []
        codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
        return [Refusal(place, code, code in _PASSING) for place, code in enumerate(codes) if code]


def _size(entry: "Entry") -> int:
    """Return the size by which EventBridge measures: texts in UTF-8, and 14 bytes for the time."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return _TIME_BYTES + sum(len(text.encode()) for text in texts)


def sns_client(*, region: str | None = None, endpoint_url: str | None = None) -> "SNSClient":
    """Return a client; what is not given comes from where AWS's tools take it."""
    import boto3

    return boto3.client(
        "sns", region_name=region, endpoint_url=endpoint_url, config=client_config()
    )


class SnsNotifier:
    """A `Notifier` that publishes to a topic."""

    def __init__(
        self, client: "SNSClient", topic_arn: str, delivery: Delivery | None = None
    ) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._deliver = delivery or Delivery()

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Publish every notification; nothing is sent if one of them is too large."""
        found = list(notifications)
        for each in found:
            if _size_sns(each) > LARGEST:
                raise PublishError(
                    f"notification {each.id}: {_size_sns(each)} bytes exceed {LARGEST}"
                )
        self._deliver(f"notifications for topic {self._topic_arn}", found, _size_sns, self._send)

    def _send(self, batch: list[Notification]) -> list[Refusal]:
        entries = [_entry(place, each) for place, each in enumerate(batch)]
        with publish_errors(f"topic {self._topic_arn}"):
            answer = self._client.publish_batch(
                TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
            )
        return [
            Refusal(int(each["Id"]), each["Code"], not each["SenderFault"])
            for each in answer.get("Failed", [])
        ]


def _entry(place: int, notification: Notification) -> "PublishBatchRequestEntryTypeDef":
    # Ids need be unique only within a batch; the notification's own is in its message.
    return {
        "Id": str(place),
        "Message": notification.model_dump_json(),
        "MessageAttributes": {
            name: _text(value) for name, value in _attributes(notification).items()
        },
    }


def _attributes(notification: Notification) -> dict[str, str]:
    return {
        "userId": notification.user_id,
        "ticker": notification.ticker,
        "kind": notification.kind,
    }


def _text(value: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": value}


def _size_sns(notification: Notification) -> int:
    """Return the size by which SNS measures: the message, and attributes with name and type."""
    attributes = _attributes(notification)
    texts = [notification.model_dump_json(), *attributes, *attributes.values()]
    return len(attributes) * len("String") + sum(len(text.encode()) for text in texts)
