"""What both stores accept: values, keys, versions and queries, checked in one place."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import (
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
)
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar
from zlib import crc32

from ..errors import ConflictError, DamagedItemError, InputError, StoreError
from ..ports import ABSENT, Cursor, Item, Span, Value

if TYPE_CHECKING:
    from ..tables import IndexSpec, TableSpec

T = TypeVar("T")

CHUNK: Final = 1000
"""Items that are checked before the first of them is written; a transaction of SQLite."""

DIGITS: Final = 38
"""Significant digits that a number may have."""

VERSION_ATTRIBUTE: Final = "version"
"""Where DynamoDB keeps an item's version; no item may have an attribute of this name."""

CHECKSUM_ATTRIBUTE: Final = "checksum"
"""Where DynamoDB keeps an item's checksum; no item may have an attribute of this name."""

_LONGEST_PARTITION_KEY: Final = 2048
_LONGEST_SORT_KEY: Final = 1024
_LATEST_EXPIRY: Final = 2**53
_LARGEST_ITEM: Final = 400 * 1024
_OWN_BYTES: Final = len(VERSION_ATTRIBUTE) + len(CHECKSUM_ATTRIBUTE) + 24
_WITHIN_BOUNDS: Final = Context(
    prec=DIGITS,
    Emin=-130,
    Emax=125,
    traps=[Clamped, Inexact, Overflow, Rounded, Subnormal, Underflow],
)


def new_version() -> int:
    """Return a positive number that no earlier write has used."""
    return secrets.randbits(62) + 1


def checksum_of(table: TableSpec, place: Iterable[bytes], version: int, body: bytes) -> int:
    """Return the checksum of an item, which belongs to its place and version.

    Of a burst of up to 32 changed bits it never misses one.
    """
    head = b"\0".join((table.name.encode(), *place, str(version).encode(), b""))
    return crc32(body, crc32(head))


def damaged(table: TableSpec, key: Iterable[str], reason: str) -> DamagedItemError:
    """Return the error for an item that is not as it was written."""
    return DamagedItemError(table.name, "/".join(filter(None, key)), reason)


def chunks(elements: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the elements in lists of `size`, the last one shorter, without running ahead."""
    remaining = iter(elements)
    while chunk := list(islice(remaining, size)):
        yield chunk


def describe(table: TableSpec, key: Mapping[str, Value]) -> str:
    """Name an item in a message, as `Financials AAPL/income_statement#2024-09-28`."""
    return f"{table.name} {'/'.join(str(key.get(name)) for name in table.key_attributes)}"


def conflict(table: TableSpec, key: Mapping[str, Value], expected: int) -> ConflictError:
    """Return the error for an item that has another version than expected."""
    version = "no such item" if expected == ABSENT else f"version {expected}"
    return ConflictError(f"{describe(table, key)}: expected {version}, found another")


def key_of(table: TableSpec, item: Mapping[str, Value]) -> dict[str, str]:
    """Return the checked key attributes of `item`, which may be a whole item or just a key."""
    key = {table.partition_key: _key_text(table, item, table.partition_key, _LONGEST_PARTITION_KEY)}
    if table.sort_key is not None:
        key[table.sort_key] = _key_text(table, item, table.sort_key, _LONGEST_SORT_KEY)
    return key


def check_item(table: TableSpec, item: Item) -> dict[str, Value]:
    """Return `item` with plain values only; `StoreError` for what DynamoDB would refuse."""
    key_of(table, item)
    for index in table.indexes:
        if index.partition_key in item:
            _key_text(table, item, index.partition_key, _LONGEST_PARTITION_KEY)
        if index.sort_key in item:
            _key_text(table, item, index.sort_key, _LONGEST_SORT_KEY)
    try:
        _check_own_attributes(table, item)
        plain = _plain_map(item)
    except StoreError as error:
        raise StoreError(f"{describe(table, item)}: {error}") from error
    size = _OWN_BYTES + _size(plain)
    if size > _LARGEST_ITEM:
        raise StoreError(
            f"{describe(table, item)}: {size} bytes; an item has at most {_LARGEST_ITEM}"
        )
    return plain


def _check_own_attributes(table: TableSpec, item: Item) -> None:
    for name in (VERSION_ATTRIBUTE, CHECKSUM_ATTRIBUTE):
        if name in item:
            raise StoreError(f"the attribute {name!r} is reserved for the store")
    ttl = table.ttl_attribute
    if ttl is not None and ttl in item:
        expiry = item[ttl]
        if type(expiry) is not int or not 0 <= expiry < _LATEST_EXPIRY:
            raise StoreError(f"{ttl} must be whole seconds since 1970, not {expiry!r}")


def _key_text(table: TableSpec, item: Mapping[str, Value], name: str, longest: int) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise StoreError(f"{describe(table, item)}: key {name} must be a text, not {value!r}")
    text = _plain_text(value)
    if len(text.encode()) > longest:
        raise StoreError(f"{table.name}: key {name} is over {longest} bytes: {text[:64]!r}…")
    return text


def _plain_map(members: Mapping[str, Value]) -> dict[str, Value]:
    plain: dict[str, Value] = {}
    for name, value in members.items():
        _check_name(name)
        try:
            plain[_plain_text(name)] = _plain(value)
        except StoreError as error:
            raise StoreError(f"{name}: {error}") from error
    return plain


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise StoreError(f"invalid attribute name {name!r}")


def _plain(value: object) -> Value:
    """Return a value as the built-in type that it is: a member of a `StrEnum` as its text."""
    match value:
        case None | bool():
            return value
        case str():
            return _plain_text(value)
        case int() | Decimal():
            return _plain_number(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value)
        case Mapping():
            return _plain_map(value)
        case Sequence():
            return [_plain(element) for element in value]
    raise StoreError(f"{value!r} is a {type(value).__name__}, which no store can hold")


def _plain_text(text: str) -> str:
    plain = text if type(text) is str else str.__str__(text)
    try:
        plain.encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"a text is not valid Unicode: {error}") from error
    return plain


def _plain_number(value: int | Decimal) -> int | Decimal:
    if isinstance(value, int):
        if abs(value) >= 10**DIGITS:
            raise StoreError(f"an integer has more than {DIGITS} digits")
        return int(value)
    if not value.is_finite():
        raise StoreError(f"{value} is not a finite number")
    try:
        return _WITHIN_BOUNDS.create_decimal(value)
    except DecimalException as error:
        raise StoreError(f"{value} has over 38 digits or lies outside 1E-130..1E+126") from error


def _size(value: Value) -> int:
    """Return the bytes that DynamoDB counts for a plain value, or a few more."""
    match value:
        case None | bool():
            return 1
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case dict():
            return 3 + sum(1 + _size(name) + _size(inner) for name, inner in value.items())
        case list():
            return 3 + sum(1 + _size(element) for element in value)
    return 2 + len(str(value)) // 2


@dataclass(frozen=True, slots=True)
class QuerySpec:
    """A query of one partition of a table or index, checked when it is made."""

    table: TableSpec
    partition: str
    index: IndexSpec | None = None
    span: Span | None = None
    prefix: str | None = None
    newest_first: bool = False
    limit: int | None = None
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        """Refuse what only one of the stores could answer."""
        where = self.table.name if self.index is None else f"{self.table.name}.{self.index.name}"
        if self.index is not None and self.index not in self.table.indexes:
            raise StoreError(f"{where}: unknown index")
        if not self.partition:
            raise StoreError(f"{where}: the partition is an empty text")
        if self.limit is not None and self.limit < 1:
            raise StoreError(f"{where}: limit must be at least 1, not {self.limit}")
        if (self.first or self.last or self.prefix) and self.sort_key is None:
            raise StoreError(f"{where}: there is no sort key to select by")
        if self.prefix and (self.first or self.last):
            raise StoreError(f"{where}: span and prefix exclude each other")
        for text in (self.partition, self.first, self.last, self.prefix):
            _plain_text(text or "")
        if self.cursor is not None and not self._continues(self.cursor):
            raise InputError("cursor", "is not a cursor of this query")

    @property
    def first(self) -> str | None:
        """The first sort key wanted; `None` leaves this side open."""
        return (self.span and self.span.first) or None

    @property
    def last(self) -> str | None:
        """The last sort key wanted; `None` leaves this side open."""
        return None if self.span is None else self.span.last

    @property
    def is_empty(self) -> bool:
        """Whether no sort key can be within the bounds."""
        return self.last is not None and (self.first or "\0") > self.last

    @property
    def partition_key(self) -> str:
        """The attribute that is the same in all results."""
        return self.table.partition_key if self.index is None else self.index.partition_key

    @property
    def sort_key(self) -> str | None:
        """The attribute that orders the results."""
        return self.table.sort_key if self.index is None else self.index.sort_key

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """The key attributes of the table, then those of the index: what a cursor consists of."""
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

    def _continues(self, cursor: Cursor) -> bool:
        return (
            cursor.keys() == set(self.key_attributes)
            and all(map(_plain_text, cursor.values()))
            and cursor[self.partition_key] == self.partition
            and (self.sort_key is None or self._contains(cursor[self.sort_key]))
        )

    def _contains(self, sort: str) -> bool:
        return (
            (self.first is None or sort >= self.first)
            and (self.last is None or sort <= self.last)
            and (self.prefix is None or sort.startswith(self.prefix))
        )
