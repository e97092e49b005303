"""Items as rows of the SQLite store: JSON, a checksum, and the columns that are searched."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from ..errors import StoreError
from ..ports import Stored
from .values import check_item, checksum_of, damaged, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ports import Item, Value
    from ..tables import TableSpec
    from .sqlite_schema import TableSql

_BYTES: Final = "$bytes:"
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)


def to_json(item: Mapping[str, Value]) -> str:
    """Return a checked item as JSON: bytes as `$bytes:…`, and texts that begin like it as `$$…`."""
    return _ENCODER.encode(_tagged(item)).decode()


def from_json(body: str | bytes) -> dict[str, Value]:
    """Return the item of `to_json`."""
    encoded = body.encode() if isinstance(body, str) else body
    item = _DECODER.decode(encoded)
    if b'"$' not in encoded:
        return item  # type: ignore[return-value]  # JSON without tags holds nothing but values
    return {name: _untagged(value) for name, value in item.items()}


def _tagged(value: Value) -> object:
    match value:
        case str():
            return f"${value}" if value.startswith("$") else value
        case bytes():
            return f"{_BYTES}{b64encode(value).decode()}"
        case Mapping():
            return {name: _tagged(inner) for name, inner in value.items()}
        case list():
            return [_tagged(element) for element in value]
    return value


def _untagged(value: object) -> Value:
    match value:
        case str() if value.startswith(_BYTES):
            return b64decode(value.removeprefix(_BYTES))
        case str():
            return value.removeprefix("$")
        case dict():
            return {name: _untagged(inner) for name, inner in value.items()}
        case list():
            return [_untagged(element) for element in value]
    return value  # type: ignore[return-value]  # a scalar of JSON is a value


def place_of(table: TableSpec, key: Mapping[str, Value]) -> tuple[str, str]:
    """Return the partition and the sort key, which is empty where a table has none."""
    partition, sort, *_ = (*key_of(table, key).values(), "")
    return partition, sort


def row_of(sql: TableSql, item: Item, version: int) -> Sequence[object]:
    """Return all columns of a new row; `StoreError` for an item that no store can hold."""
    plain = check_item(sql.table, item)
    return _row(sql, plain, version, to_json(plain))


def stored(table: TableSpec, columns: Sequence[object]) -> Stored:
    """Return the item of the columns of `ITEM`; `DamagedItemError` if it was not written so."""
    partition, sort, version, body, checksum = columns
    if (
        isinstance(partition, bytes)
        and isinstance(sort, bytes)
        and isinstance(version, int)
        and isinstance(body, bytes)
        and checksum == checksum_of(table, (partition, sort), version, body)
    ):
        return Stored(from_json(body), version)
    raise damaged(table, map(text_of, (partition, sort)), "its checksum differs")


def whole_row(sql: TableSql, row: Sequence[object]) -> Sequence[object] | None:
    """Return the row as its body says that it was written; `None` if the body is damaged."""
    _, _, version, _, body, checksum, *_ = row
    if not isinstance(version, int) or not isinstance(body, bytes):
        return None
    try:
        whole = _row(sql, from_json(body), version, body.decode())
    except (StoreError, ValueError):
        return None
    return whole if whole[5] == checksum else None


def text_of(column: object) -> str:
    """Return a column of a key for a message."""
    return column.decode(errors="replace") if isinstance(column, bytes) else str(column)


def _row(sql: TableSql, item: Mapping[str, Value], version: int, body: str) -> Sequence[object]:
    partition, sort = place_of(sql.table, item)
    ttl = sql.table.ttl_attribute
    expires = None if ttl is None else item.get(ttl)
    checksum = checksum_of(sql.table, (partition.encode(), sort.encode()), version, body.encode())
    indexed = (item.get(name) for name in sql.index_attributes)
    return (partition, sort, version, expires, body, checksum, *indexed)
