"""What both stores ask of keys, versions and expiry before they touch anything."""

import secrets
from collections.abc import Mapping
from typing import Final

from ..errors import StoreError
from ..ports import ABSENT, Item, Value
from ..tables import TableSpec
from .values import checked_text

__all__ = [
    "VERSION_ATTRIBUTE",
    "check_item",
    "conflict",
    "described",
    "key_of",
    "new_version",
    "place_of",
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
