"""The values that both stores hold exactly: what one would refuse, the other refuses too."""

import secrets
from collections.abc import Callable, Mapping, Sequence
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
from typing import Any, Final, TypeVar

from ..errors import InputError, StoreError
from ..ports import ABSENT, Cursor, Item, Span, Value
from ..tables import IndexSpec, TableSpec

__all__ = [
    "VERSION_ATTRIBUTE",
    "ByType",
    "Selection",
    "check_item",
    "checked_decimal",
    "checked_int",
    "checked_name",
    "checked_text",
    "conflict",
    "described",
    "key_of",
    "new_version",
    "place_of",
    "select",
]

VERSION_ATTRIBUTE: Final = "version"
"""Where DynamoDB keeps an item's version; no item may carry an attribute of this name."""

_LONGEST_PARTITION_KEY: Final = 2048
_LONGEST_SORT_KEY: Final = 1024
_LATEST_EXPIRY: Final = 2**53


def new_version() -> int:
    """Return a positive number that no earlier write has used."""
    return secrets.randbits(62) + 1


def key_of(table: TableSpec, item: Mapping[str, Value]) -> dict[str, str]:
    """Return the checked key attributes out of `item`, which may be a whole item or just a key."""
    key = {table.partition_key: _text(table, item, table.partition_key, _LONGEST_PARTITION_KEY)}
    if table.sort_key is not None:
        key[table.sort_key] = _text(table, item, table.sort_key, _LONGEST_SORT_KEY)
    return key


def place_of(table: TableSpec, item: Mapping[str, Value]) -> tuple[str, str]:
    """Return the checked partition and sort key of `item`; the latter empty where there is none."""
    partition = _text(table, item, table.partition_key, _LONGEST_PARTITION_KEY)
    if table.sort_key is None:
        return partition, ""
    return partition, _text(table, item, table.sort_key, _LONGEST_SORT_KEY)


def check_item(table: TableSpec, item: Item) -> None:
    """Refuse what DynamoDB would not take, besides keys: see `place_of` for those."""
    if VERSION_ATTRIBUTE in item:
        raise StoreError(f"{described(table, item)}: `{VERSION_ATTRIBUTE}` is the store's own name")
    for index in table.indexes:
        if index.partition_key in item:
            _text(table, item, index.partition_key, _LONGEST_PARTITION_KEY)
        if index.sort_key in item:
            _text(table, item, index.sort_key, _LONGEST_SORT_KEY)
    if table.ttl_attribute is not None and table.ttl_attribute in item:
        _check_expiry(table, item, table.ttl_attribute)


def described(table: TableSpec, key: Mapping[str, Value]) -> str:
    """Name an item in a message, as `Financials AAPL/income_statement#2024-09-28`."""
    return f"{table.name} {'/'.join(str(key.get(name)) for name in table.key_attributes)}"


def conflict(table: TableSpec, key: Mapping[str, Value], expected: int) -> str:
    """Say that an item did not stand as it was expected to."""
    wanted = "no such item" if expected == ABSENT else f"version {expected}"
    return f"{described(table, key)}: expected {wanted}, which is no longer so"


def _check_expiry(table: TableSpec, item: Item, name: str) -> None:
    value = item[name]
    if type(value) is not int or not 0 <= value < _LATEST_EXPIRY:
        raise StoreError(
            f"{described(table, item)}: {name} is {value!r}, not whole seconds since 1970"
        )


def _text(table: TableSpec, item: Mapping[str, Value], name: str, longest: int) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise StoreError(f"{described(table, item)}: key {name} is {value!r}, not a text")
    size = len(value) if value.isascii() else len(checked_text(value).encode())
    if size > longest:
        raise StoreError(f"{table.name}: key {name} is over {longest} bytes: {value[:64]!r}…")
    return value


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
            raise InputError("cursor", "is not a cursor of this query")

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


T = TypeVar("T")

_TOO_WIDE: Final = 10**38
_HELD: Final = Context(
    prec=38, Emin=-130, Emax=125, traps=[Clamped, Inexact, Overflow, Rounded, Subnormal, Underflow]
)


def checked_int(value: int) -> int:
    """Return `value` if it has at most 38 digits."""
    if -_TOO_WIDE < value < _TOO_WIDE:
        return value
    raise StoreError("an integer of more than 38 digits")


def checked_decimal(value: Decimal) -> Decimal:
    """Return `value` if it is finite, has at most 38 digits and lies within 1E-130..1E+126."""
    if not value.is_finite():
        raise StoreError(f"{value} is no finite number")
    try:
        return _HELD.create_decimal(value)
    except DecimalException as error:
        raise StoreError(f"{value} has over 38 digits or lies outside 1E-130..1E+126") from error


def checked_name(name: object) -> str:
    """Return the name of an attribute if it is a text and not empty."""
    if type(name) is str and name:
        return name
    if isinstance(name, str) and name:
        return str.__str__(name)
    raise StoreError(f"{name!r} is no name for an attribute")


def checked_text(text: str) -> str:
    """Return `text` if it has a UTF-8 form."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"a text is no valid Unicode: {error}") from error
    return text


_PLAIN: Final[tuple[tuple[type | tuple[type, ...], Callable[..., object]], ...]] = (
    (str, str.__str__),
    (int, int),
    (Decimal, Decimal),
    ((bytes, bytearray, memoryview), bytes),
    (Mapping, dict),
    (Sequence, list),
)


class ByType(dict[type, Callable[[Any], T]]):
    """What to do with a value, by its exact type.

    A value of a special type (an enumeration's, say) is treated as the plain one that it is, and
    what is none of those is refused.
    """

    def __missing__(self, _: type) -> Callable[[Any], T]:
        return self._treat_as_plain

    def _treat_as_plain(self, value: object) -> T:
        for kinds, plain in _PLAIN:
            if isinstance(value, kinds):
                return self[type(exact := plain(value))](exact)
        raise StoreError(f"{value!r} is a {type(value).__name__}, which no store can hold")
