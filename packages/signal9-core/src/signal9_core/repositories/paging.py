"""Lists that are filtered while they are read, and still page without gaps or repetitions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..ports import Cursor, Span, Store, Stored
from ..tables import IndexSpec, TableSpec

__all__ = ["Slice", "scan", "take"]

T = TypeVar("T")


@dataclass(frozen=True)
class Slice:
    """Where a stream of items comes from: a partition of a table or index, and a direction."""

    table: TableSpec
    partition: str
    index: IndexSpec | None = None
    span: Span | None = None
    prefix: str | None = None
    newest_first: bool = False


def scan(store: Store, part: Slice, cursor: Cursor | None, size: int) -> Iterator[Stored]:
    """Yield a partition item by item, `size` at a time from the store, from after `cursor` on."""
    while True:
        page = store.query(
            part.table,
            part.partition,
            index=part.index,
            span=part.span,
            prefix=part.prefix,
            newest_first=part.newest_first,
            limit=size,
            cursor=cursor,
        )
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def take(
    items: Iterator[Stored], limit: int, read: Callable[[Stored], T | None], part: Slice
) -> tuple[list[T], Cursor | None]:
    """Return the first `limit` results of `read` that are not `None`, and where to go on.

    The cursor is `None` only when there is surely no further result.
    """
    taken: list[T] = []
    last: Stored | None = None
    for each in items:
        result = read(each)
        if result is None:
            continue
        if len(taken) == limit:
            return taken, None if last is None else _cursor(last, part)
        taken.append(result)
        last = each
    return taken, None


def _cursor(stored: Stored, part: Slice) -> Cursor:
    names = set(part.table.key_attributes)
    if part.index is not None:
        names |= {part.index.partition_key, part.index.sort_key}
    return {name: str(stored.item[name]) for name in sorted(names)}
