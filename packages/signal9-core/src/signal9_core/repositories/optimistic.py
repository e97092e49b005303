"""What repositories share: items of models, writes over what was read, paging, and versions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from ..domain.model import Model
from ..errors import ConflictError
from ..ports import ABSENT, Cursor, Item, Key, Span, Store, Stored, Value

if TYPE_CHECKING:
    from ..tables import IndexSpec, TableSpec


T = TypeVar("T")

_OTHER: Final = "other"

MOST_READ: Final = 2_000
"""How many items are read for one page."""

# Without a handler, the warnings of retries would appear on the user's terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Versioned(NamedTuple, Generic[T]):
    """A model, and the version of its item to write over; `ABSENT` where none is stored."""

    model: T
    version: int


class Change(NamedTuple, Generic[T]):
    """A model that differs from what is stored, and its item."""

    model: T
    item: Item
    stored: Stored | None


def to_value(value: object) -> Value:
    """Return a value of a field as stores hold it; `TypeError` for a type that they do not hold."""
    match value:
        case Model():
            return to_item(value)
        case None | str() | int() | Decimal() | bytes():
            return value
        case date():  # and so is a datetime
            return value.isoformat().replace("+00:00", "Z")
        case Mapping():
            return {str(name): to_value(member) for name, member in value.items()}
        case list() | tuple():
            return [to_value(member) for member in value]
    raise TypeError(f"{value!r} cannot be stored")


def to_item(model: Model) -> Item:
    """Return a model as an item: without fields that are `None`, unknown fields under `other`."""
    fields = ((field.alias or name, name) for name, field in type(model).model_fields.items())
    values = ((alias, getattr(model, name)) for alias, name in fields)
    item = {alias: to_value(value) for alias, value in values if value is not None}
    return item | {_OTHER: to_value(model.model_extra)} if model.model_extra else item


def fields_of(item: Item, without: Iterable[str] = ()) -> dict[str, object]:
    """Return the fields of the model that `to_item` made an item of, models in it included."""
    other = item.get(_OTHER)
    known = {name: _known(value) for name, value in item.items() if name not in {_OTHER, *without}}
    return {**known, **(other if isinstance(other, Mapping) else {})}


def _known(value: Value) -> object:
    if isinstance(value, list):
        return [_known(member) for member in value]
    return fields_of(value) if isinstance(value, Mapping) else value


def instant_key(moment: datetime) -> str:
    """Return a moment in UTC as text of one width, so that text order is time order."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def key_of(table: TableSpec, item: Item) -> tuple[tuple[str, str], ...]:
    """Return an item's key in a form that can be hashed; `dict` makes a `Key` of it."""
    return tuple((name, str(item[name])) for name in table.key_attributes)


def retry_on_conflict(attempt: Callable[[], T]) -> T:
    """Return the result of `attempt`, which is repeated while it raises `ConflictError`.

    One item may have many writers, each of whom loses to others many times.
    """
    import stamina  # a Lambda that only reads never loads it

    waits = {"wait_initial": 0.005, "wait_max": 0.5, "wait_jitter": 0.05}
    return stamina.retry(on=ConflictError, attempts=None, timeout=60, **waits)(attempt)()


def change_item(
    store: Store,
    table: TableSpec,
    key: Key,
    change: Callable[[Item | None], Item | None],
    *,
    known: Stored | None = None,
) -> bool:
    """Store what `change` makes of the stored item (`None`: no item); tell whether it made one.

    Nothing is written if `change` returns `None` or the same item. It is called again, over what is
    stored then, if somebody else wrote the item meanwhile. `known` saves reading an item that was
    read before.
    """

    def attempt() -> bool:
        nonlocal known
        stored, known = known or store.get(table, key), None
        before, version = (None, ABSENT) if stored is None else stored
        after = change(before)
        if after is not None and after != before:
            store.put(table, after, expected=version)
        return after is not None

    return retry_on_conflict(attempt)


def compare_items(
    store: Store,
    table: TableSpec,
    models: Iterable[tuple[T, Item]],
    *,
    known: Iterable[Stored] | None = None,
) -> list[Change[T]]:
    """Return the models whose items differ from what is stored; of equal keys the last.

    `known` holds what is stored under their keys, if that was read before.
    """
    latest = {key_of(table, item): (model, item) for model, item in models}
    if known is None:
        known = store.get_many(table, map(dict, latest))
    stored = {key_of(table, before.item): before for before in known}
    changes = [Change(*pair, stored.get(key)) for key, pair in latest.items()]
    return [
        change for change in changes if change.stored is None or change.stored.item != change.item
    ]


def write_items(store: Store, table: TableSpec, changes: Sequence[Change[T]]) -> None:
    """Write changed items; another writer's version of one is replaced."""
    if not changes:
        return
    new = [change.item for change in changes if change.stored is None]
    taken = {key_of(table, item) for item in store.put_new(table, new)}
    for change in changes:
        if change.stored is not None or key_of(table, change.item) in taken:
            _overwrite(store, table, change)


def _overwrite(store: Store, table: TableSpec, change: Change[T]) -> None:
    key = dict(key_of(table, change.item))
    change_item(store, table, key, lambda _: change.item, known=change.stored)


@dataclass(frozen=True)
class ItemRange:
    """Some items of one partition of a table or index, in one direction."""

    table: TableSpec
    partition: str
    index: IndexSpec | None = None
    span: Span | None = None
    newest_first: bool = False


def scan(
    store: Store, part: ItemRange, cursor: Cursor | None = None, size: int = 1_000
) -> Iterator[Stored]:
    """Yield items one by one from after `cursor` on, reading `size` at a time."""
    while True:
        page = store.query(
            part.table,
            part.partition,
            index=part.index,
            span=part.span,
            newest_first=part.newest_first,
            limit=size,
            cursor=cursor,
        )
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


class ResultPage(NamedTuple, Generic[T]):
    """Part of a list; `cursor` continues it and is `None` at the end."""

    items: list[T]
    cursor: Cursor | None


def take_page(
    items: Iterable[Stored],
    limit: int,
    read: Callable[[Item], T],
    accept: Callable[[T], bool] | None,
    part: ItemRange,
) -> ResultPage[T]:
    """Return the first `limit` models that are accepted, and a cursor to continue.

    The cursor is `None` only if there is surely no further one. Where few are accepted, a page is
    shorter, since it reads no more than `MOST_READ` items and `limit` accepted ones.
    """
    models: list[T] = []
    last: Stored | None = None
    for number, stored in enumerate(items):
        model = read(stored.item)
        accepted = accept is None or accept(model)
        if last is not None and (len(models) == limit if accepted else number >= MOST_READ):
            return ResultPage(models, _cursor(last, part))
        if accepted:
            models.append(model)
        last = stored
    return ResultPage(models, None)


def _cursor(stored: Stored, part: ItemRange) -> Cursor:
    names = set(part.table.key_attributes)
    if part.index is not None:
        names |= {part.index.partition_key, part.index.sort_key}
    return {name: str(stored.item[name]) for name in sorted(names)}


UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something was received of which nobody knows when: before everything else."""

_EXACT: Final = Context(prec=60)
_MOMENT: Final = timedelta(milliseconds=1)


class Version(NamedTuple):
    """The content of an item, and the first and the last time that it was received."""

    content: Item
    first: datetime
    last: datetime

    @classmethod
    def of_item(cls, item: Item, content: Item) -> Version:
        """Return the version that an item with `seen_fields` holds."""
        first = received_at(item, "firstSeen") or UNDATED
        return cls(content, first, received_at(item, "lastSeen") or first)


def received_at(item: Item, name: str) -> datetime | None:
    """Return a time of receipt that an item holds."""
    stored = item.get(name)
    return None if stored is None else datetime.fromisoformat(str(stored))


def seen_fields(version: Version) -> dict[str, Value]:
    """Return the times of a version as an item holds them; the last only if it is another one."""
    first = {"firstSeen": to_value(version.first)}
    return first if version.last == version.first else {**first, "lastSeen": to_value(version.last)}


def just_after(versions: Sequence[Version], content: Item, at: datetime) -> datetime:
    """Return when a content that is new now was received: after another one of that moment."""
    newest = max(versions, key=attrgetter("last"), default=None)
    if newest is None or not at <= newest.last < at + _MOMENT:
        return at
    return newest.last if newest.content == content else newest.last + _MOMENT / 1000


def merge_versions(versions: Iterable[Version]) -> list[Version]:
    """Return the versions oldest first, each as often as another one came between.

    Only the first and the last receipt are kept of a content that was received again and again.
    """
    received = (
        Version(version.content, at, at)
        for version in versions
        for at in (version.first, version.last)
    )
    merged: list[Version] = []
    for content, at, _ in _in_order(received):
        if merged and merged[-1].content == content:
            merged[-1] = merged[-1]._replace(last=at)
        else:
            merged.append(Version(content, at, at))
    return merged


def _in_order(received: Iterable[Version]) -> Iterator[Version]:
    for _, group in groupby(sorted(received, key=attrgetter("first")), attrgetter("first")):
        same_time = list(group)
        if any(version.content != same_time[0].content for version in same_time):
            same_time.sort(key=lambda version: fingerprint(version.content))
        yield from same_time


def fingerprint(content: Mapping[str, Value]) -> str:
    """Return a text that is the same for equal contents only."""
    return json.dumps(_plain(content), sort_keys=True)


def _plain(value: Value) -> object:
    """Return a value for JSON, with equal numbers as equal texts whatever their types."""
    match value:
        case Mapping():
            return {name: _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
        case bool() | None:
            return value
        case int() | Decimal():
            return f"{Decimal(value).normalize(_EXACT):f}" if value else "0"
    return str(value)
