"""The seam between what is stored and where: SQLite on a laptop, DynamoDB on AWS."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from ..tables import IndexSpec, TableSpec

__all__ = ["ABSENT", "Cursor", "Item", "Key", "Page", "Span", "Store", "Stored", "Value"]

Value = str | int | bool | Decimal | bytes | None | Sequence["Value"] | Mapping[str, "Value"]
"""What an attribute may hold. Floats are refused; a Decimal has at most 38 significant digits."""

Item = Mapping[str, Value]
"""A record: attribute names to values, its key attributes among them."""

Key = Mapping[str, str]
"""The key attributes of one item."""

Cursor = Mapping[str, str]
"""Where a query stopped: the key attributes (of table and index) of the last item seen."""

ABSENT: Final = 0
"""As an expected version: there must be no such item yet."""


class Stored(NamedTuple):
    """An item as it stands in the store; `version` is new with every write, and opaque.

    What an index that carries only some attributes returns is part of an item; its version is
    `ABSENT`, so that writing it back under that version never replaces the whole.
    """

    item: Item
    version: int


class Page(NamedTuple):
    """Part of an answer; `cursor` continues it and is `None` at the end."""

    items: list[Stored]
    cursor: Cursor | None


class Span(NamedTuple):
    """Sort keys from `first` to `last`, both included; `None` leaves that side open."""

    first: str | None = None
    last: str | None = None


class Store(Protocol):
    """Ordered partitions of items in the tables of `signal9_core.tables`.

    Expired items (`TableSpec.ttl_attribute`) count as absent everywhere. Every method raises
    `StoreUnavailableError` once its bounded retries are used up.
    """

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return those that exist, in no particular order; each once, however often asked."""

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item, replacing any with the same key, and return its new version.

        With `expected`, only over that version (`ABSENT`: over nothing), else `ConflictError`.
        """

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write every item, replacing any with the same key; of equal keys the last one stays.

        Not atomic, but never half done in silence: what could not be written raises.
        """

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key is still free; return the others, untouched."""

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Remove an item if it is there; with `expected`, that version or `ConflictError`."""

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
        """Return one partition of the table or index in the order of its sort key.

        `span` and `prefix` are exclusive. Sort keys compare by their UTF-8 bytes; equal ones, in an
        index, are ordered somehow, and the same way every time. Without `limit` the whole answer
        comes back; with it, at most that many items, and a cursor unless they are surely the last.

        Of a table, `consistent` items stand as of the last completed write; for half the price each
        may be as it was a moment before, or missing if it is as young. Of an index, all may.
        """
