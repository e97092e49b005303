"""What DynamoDB would charge for: a store in memory that counts units by DynamoDB's rules."""

from math import ceil
from typing import Any

from signal9_core.ports import Item, Page
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import TIME_SERIES, TableSpec

__all__ = ["Meter", "item_bytes"]

_WRITE_UNIT = 1024
_READ_UNIT = 4096
_NUMBER_BYTES = 3
_VERSION_BYTES = len("version") + 11


class Meter:
    """A `Store` as far as prices need one."""

    def __init__(self) -> None:
        self._store = SqliteStore.open(":memory:")
        self.write_units = 0
        self.read_units = 0.0

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item and count its units."""
        self.write_units += ceil(item_bytes(item) / _WRITE_UNIT)
        return self._store.put(table, item, expected=expected)

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        """Read items and count their units: all bytes of a query together, rounded up.

        A read that need not be consistent costs half.
        """
        page = self._store.query(table, partition, **options)
        size = sum(item_bytes(each.item) for each in page.items)
        units = max(1, ceil(size / _READ_UNIT))
        self.read_units += units if options.get("consistent", True) else units / 2
        return page

    def items(self, partition: str) -> list[Item]:
        """Return all items of a partition, without counting them."""
        return [each.item for each in self._store.query(TIME_SERIES, partition).items]


def item_bytes(item: Item) -> int:
    """Return the size of an item of texts, bytes and small numbers, its version included."""
    values = sum(
        len(value) if isinstance(value, bytes | str) else _NUMBER_BYTES for value in item.values()
    )
    return sum(map(len, item)) + values + _VERSION_BYTES
