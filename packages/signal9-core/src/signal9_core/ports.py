"""Ports: what the core needs from stores, publishers and the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from .domain.queues import DeadLetter, Message
    from .domain.users import Notification
    from .events import Event
    from .tables import IndexSpec, TableSpec

Clock = Callable[[], datetime]
"""Returns the current time, aware and in UTC."""


def utc_now() -> datetime:
    """Return the current time of this machine, in UTC."""
    return datetime.now(UTC)


Value = str | int | bool | Decimal | bytes | None | Sequence["Value"] | Mapping[str, "Value"]
"""The value of an attribute: no floats, and at most 38 significant digits in a Decimal."""

Item = Mapping[str, Value]
"""A stored record: values by attribute name, key attributes included."""

Key = Mapping[str, str]
"""The key attributes of an item."""

Cursor = Mapping[str, str]
"""Where a query stopped: the key attributes (of table and index) of the last item."""

ABSENT: Final = 0
"""The expected version of an item that must not exist yet."""


class Stored(NamedTuple):
    """An item with its version, which is opaque and changes with every write.

    An index with only some attributes returns partial items. Their version is `ABSENT`, so that
    writing one back never replaces the whole item.
    """

    item: Item
    version: int


class Page(NamedTuple):
    """A page of a query; `cursor` continues it and is `None` at the end."""

    items: list[Stored]
    cursor: Cursor | None


class Damage(NamedTuple):
    """What is not as it was written: an item or, without table and key, the file that holds it."""

    reason: str
    table: TableSpec | None = None
    key: Key | None = None


class Span(NamedTuple):
    """Sort keys from `first` to `last`, both included; `None` leaves that side open."""

    first: str | None = None
    last: str | None = None


class Store(Protocol):
    """Ordered partitions of items in the tables of `signal9_core.tables`.

    Expired items (`TableSpec.ttl_attribute`) do not exist for any method. Every method raises
    `StoreUnavailableError` after a bounded number of retries. An item that is not as it was written
    raises `DamagedItemError` where it is read.
    """

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return the items that exist, in any order, each once."""

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write an item, replacing any with the same key, and return its new version.

        With `expected`, `ConflictError` if the stored item has another version.
        """

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write items, replacing any with the same key; the last one of equal keys stays.

        Not atomic, but it raises unless everything was written.
        """

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key does not exist; return the others."""

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Delete an item if it exists; with `expected`, `ConflictError` for another version."""

    def query(
        self,
        table: TableSpec,
        partition: str,
        *,
        index: IndexSpec | None = None,
        span: Span | None = None,
        prefix: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        cursor: Cursor | None = None,
        consistent: bool = True,
    ) -> Page:
        """Return a partition of the table or index in the order of its sort key.

        `span` and `prefix` exclude each other. Sort keys are ordered by their UTF-8 bytes; equal
        ones of an index in any order, which is always the same. With `limit`, there are at most so
        many items, and a cursor unless they are surely the last. `InputError` for a cursor of
        another query.

        With `consistent`, a table's items are as of the last completed write. Otherwise, and in an
        index, they may be slightly out of date, for half the price.
        """

    def verify(self, progress: Progress) -> list[Damage]:
        """Read everything, expired items included, and return what is damaged."""

    def remove_damage(self) -> None:
        """Remove whatever `verify` returns, so that the rest can be used.

        What is whole but in a wrong place is put right. Nobody else should write meanwhile.
        """


class EventPublisher(Protocol):
    """Sends events to subscribers."""

    def publish(self, events: Sequence[Event]) -> None:
        """Send events, in order; `PublishError` if some were refused even after retries."""


class Notifier(Protocol):
    """Sends notifications to users."""

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Send notifications; `PublishError` has those that were refused even after retries."""


class Queues(Protocol):
    """Carries messages to other processes, each at least once and in any order."""

    def send(self, queue: str, bodies: Sequence[str]) -> None:
        """Send messages; `PublishError` has the bodies that were refused even after retries."""

    def retry_later(self, queue: str, message: Message, delay_s: int) -> None:
        """Deliver a message that is not deleted again after a delay."""


class DeadLetters(Protocol):
    """Messages that failed for good. Every method raises `PublishError` or `StoreError`."""

    def add(self, letter: DeadLetter) -> None:
        """Store a message; the same one again replaces it, or is stored twice."""

    def all(self) -> list[DeadLetter]:
        """Return the messages, oldest first; of very many, the first ones that come."""

    def redrive(self, ids: Collection[str] | None = None) -> set[str]:
        """Put messages (`None`: all) back where they failed, and return which ones.

        What fails in doing so stays a dead letter.
        """


class Mail(NamedTuple):
    """A mail in plain text."""

    address: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mails to users."""

    def send(self, mail: Mail) -> None:
        """Send a mail; `PublishError` if it was refused."""


class Progress(Protocol):
    """Shows how far a long task is."""

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """`done` of `total` units of this data set are finished."""


def no_progress(data_set: str, done: int, total: int) -> None:
    """Show nothing."""


class SentimentScorer(Protocol):
    """Scores the sentiment of a text about a company."""

    @property
    def name(self) -> str:
        """The name that an article's `scoredBy` has."""

    @property
    def most_at_once(self) -> int | None:
        """How many texts an update may have scored, where each costs; `None` for any number."""

    def score(self, text: str) -> float:
        """Return the sentiment of `text`, from -1 (bearish) to 1 (bullish); 0 if it has none.

        `ScoringError` if it cannot be scored, `ScoringUnavailableError` if no text can at present.
        """
