"""Models as items: dates and enumerations as text, absence as absence, figures as numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar

from ..domain import Model
from ..errors import ConflictError
from ..ports import ABSENT, Cursor, Item, Key, Span, Store, Stored, Value
from ..tables import IndexSpec, TableSpec

if TYPE_CHECKING:
    from stamina import Attempt
__all__ = [
    "Foretell",
    "Slice",
    "change_item",
    "contested",
    "ignore",
    "instant_key",
    "key_of",
    "scan",
    "sync_items",
    "take",
    "to_item",
    "to_value",
    "until_uncontested",
]


def to_value(value: object) -> Value:
    """Return a dumped value as what stores keep; `TypeError` for a kind of value they do not."""
    match value:
        case Enum():
            return str(value.value)
        case None | str() | int() | Decimal() | bytes():
            return value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): to_value(each) for name, each in value.items()}
        case list() | tuple():
            return [to_value(each) for each in value]
    raise TypeError(f"{value!r} cannot be stored")


def to_item(model: Model) -> Item:
    """Return a model as an item: without what is `None`, with unknown fields under `other`."""
    unknown = set(model.model_extra or ())
    known = model.model_dump(exclude_none=True, exclude=unknown)
    item = {name: to_value(value) for name, value in known.items()}
    return item | {"other": to_value(model.model_dump(include=unknown))} if unknown else item


def instant_key(moment: datetime) -> str:
    """Return a moment in UTC as text of one width, so that text order is time order."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


T = TypeVar("T")

Foretell = Callable[[T], None]
"""Hears what is about to be written before the first write; not called where nothing will be."""


class _Patience(TypedDict):
    attempts: int
    timeout: float
    wait_initial: float
    wait_max: float
    wait_jitter: float


_PATIENCE: Final = _Patience(
    attempts=20, timeout=30, wait_initial=0.005, wait_max=0.25, wait_jitter=0.05
)


def ignore(_: object) -> None:
    """Hear and do nothing."""


def contested() -> "Iterable[Attempt]":
    """Return attempts until one meets no conflict; the last one lets its `ConflictError` out."""
    # Loading it takes 20 ms, which whoever only reads should not pay.
    import stamina

    return stamina.retry_context(on=ConflictError, **_PATIENCE)


def until_uncontested(function: Callable[[], T]) -> T:
    """Return what `function` does; it is called again as long as it meets conflicts."""
    import stamina

    return stamina.RetryingCaller(**_PATIENCE).on(ConflictError)(function)


def change_item(
    store: Store, table: TableSpec, key: Key, change: Callable[[Item | None], Item | None]
) -> bool:
    """Write what `change` makes of the stored item, and tell whether anything was written.

    `change` gets `None` where there is no item, and returns `None` to leave things as they are. It
    may be called several times; `ConflictError` after losing the race again and again.
    """
    for attempt in contested():
        with attempt:
            found = store.get(table, key)
            changed = change(None if found is None else found.item)
            if changed is None:
                return False
            store.put(table, changed, expected=ABSENT if found is None else found.version)
    return True


def sync_items(
    store: Store, table: TableSpec, items: Iterable[Item], foretell: Foretell[list[Item]]
) -> list[Item]:
    """Write the items that are not stored just so, and return them; of equal keys the last one."""
    wanted = {key_of(table, item): item for item in items}
    found = store.get_many(table, (dict(key) for key in wanted))
    known = {key_of(table, each.item): each.item for each in found}
    changed = {key: item for key, item in wanted.items() if known.get(key) != item}
    if not changed:
        return []
    foretell(list(changed.values()))
    overtaken = store.put_new(table, [changed[key] for key in changed if key not in known])
    contended = {key_of(table, item) for item in overtaken} | (changed.keys() & known.keys())
    for key in sorted(contended):
        change_item(store, table, dict(key), _becoming(changed[key]))
    return list(changed.values())


def key_of(table: TableSpec, item: Item) -> tuple[tuple[str, str], ...]:
    """Return an item's key as something to look up by; `dict` makes a `Key` of it."""
    return tuple((name, str(item[name])) for name in table.key_attributes)


def _becoming(item: Item) -> Callable[[Item | None], Item | None]:
    return lambda stored: None if stored == item else item


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
