"""What a query asks for, checked and brought into one form for both stores."""

from dataclasses import dataclass

from ..errors import StoreError
from ..ports import Cursor, Span
from ..tables import IndexSpec, TableSpec
from .values import checked_text

__all__ = ["Selection", "select"]


@dataclass(frozen=True, slots=True)
class Selection:
    """One partition of a table or index, and which of its sort keys are wanted.

    `first`, `last` and `prefix` are never empty texts; `None` leaves that side open.
    """

    table: TableSpec
    index: IndexSpec | None
    partition: str
    first: str | None
    last: str | None
    prefix: str | None
    limit: int | None
    cursor: Cursor | None

    @property
    def partition_key(self) -> str:
        """The attribute whose value all answers share."""
        return self.table.partition_key if self.index is None else self.index.partition_key

    @property
    def sort_key(self) -> str | None:
        """The attribute that the answers are ordered by."""
        return self.table.sort_key if self.index is None else self.index.sort_key

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """The key attributes of the table, then those of the index; what a cursor consists of."""
        own = self.table.key_attributes
        if self.index is None:
            return own
        return tuple(dict.fromkeys((*own, self.index.partition_key, self.index.sort_key)))

    @property
    def projection(self) -> tuple[str, ...] | None:
        """The attributes that the index carries; `None` for whole items."""
        if self.index is None or self.index.include is None:
            return None
        return (*self.key_attributes, *self.index.include)

    @property
    def is_empty(self) -> bool:
        """Whether no sort key at all lies within the bounds."""
        return self.first is not None and self.last is not None and self.first > self.last

    def _contains(self, sort: str) -> bool:
        return (
            (self.first is None or sort >= self.first)
            and (self.last is None or sort <= self.last)
            and (self.prefix is None or sort.startswith(self.prefix))
        )

    def check(self) -> None:
        """Refuse what has no meaning in one store or the other."""
        where = self.table.name if self.index is None else f"{self.table.name}.{self.index.name}"
        if self.index is not None and self.index not in self.table.indexes:
            raise StoreError(f"{where}: there is no such index")
        for text in (self.partition, self.first, self.last, self.prefix):
            checked_text(text or "")
        if not self.partition:
            raise StoreError(f"{where}: the partition is an empty text")
        if self.limit is not None and self.limit < 1:
            raise StoreError(f"{where}: limit is {self.limit}, not at least 1")
        if (self.first or self.last or self.prefix) and self.sort_key is None:
            raise StoreError(f"{where}: it has no sort key to choose by")
        if self.prefix and (self.first or self.last):
            raise StoreError(f"{where}: span and prefix exclude each other")
        if self.cursor is not None and not self._continues(self.cursor):
            raise StoreError(f"{where}: the cursor is of another query")

    def _continues(self, cursor: Cursor) -> bool:
        return (
            cursor.keys() == set(self.key_attributes)
            and all(map(checked_text, cursor.values()))
            and cursor[self.partition_key] == self.partition
            and (self.sort_key is None or self._contains(cursor[self.sort_key]))
        )


def select(
    table: TableSpec,
    partition: str,
    *,
    index: IndexSpec | None,
    span: Span | None,
    prefix: str | None,
    limit: int | None,
    cursor: Cursor | None,
) -> Selection | None:
    """Return what is asked for, or `None` where nothing can be within the bounds."""
    first, last = span or Span()
    selection = Selection(
        table, index, partition, first or None, last, prefix or None, limit, cursor
    )
    selection.check()
    return None if last == "" or selection.is_empty else selection
