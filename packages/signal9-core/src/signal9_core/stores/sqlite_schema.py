"""The tables of the SQLite store, their rows, and the file that holds them."""

from __future__ import annotations

import os
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from ..errors import StoreError, StoreUnavailableError, UnwritableStoreError
from ..ports import Item, Stored, Value
from ..tables import TABLES, TableSpec
from .values import check_item, checksum_of, damaged, key_of

SCHEMA_VERSION: Final = 5
"""Raised with every change of what a file holds; a file of another version is refused."""

ALIVE: Final = "(expires IS NULL OR expires > ?)"
"""Holds for items that have not expired at the given second."""

ITEM: Final = "partition, sort, version, body, checksum"
"""The columns from which an item is read."""

_APPLICATION_ID: Final = 0x53394442
"""Marks our files in their header: `S9DB`."""

_PAGE_BYTES: Final = 8192
"""Rows of one to two kilobytes, as prices are, fill these twice as well as SQLite's 4096."""

_CACHE_KIB: Final = 16 * 1024
_LOG_PAGES: Final = 250
"""How long the log grows before it is copied to the file; with what one transaction adds to it, it
stays below 8 MB."""

_LARGEST_LOG: Final = 8 * 1024 * 1024
_NOT_OURS: Final = "not a Signal9 database; move it away, or choose another folder as home"
_DAMAGED: Final = (
    "damaged (malformed); `signal9 check --repair` saves what is whole, or move the file away and "
    "run `signal9 replay`"
)
_BUSY_TIMEOUT_S: Final = 15.0
_MAGIC: Final = b"SQLite format 3\x00"
_EFFECTIVE_IDS: Final = os.access in os.supports_effective_ids
BUSY_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


_UNWRITABLE: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL})

UNREADABLE: Final = (sqlite3.DatabaseError, UnicodeDecodeError, MemoryError)
"""What SQLite raises for a damaged file, some of it in passing."""

_REASONS: Final = {
    sqlite3.SQLITE_NOTADB: _NOT_OURS,
    sqlite3.SQLITE_READONLY: "read-only, since the file or its folder is not writable",
    sqlite3.SQLITE_FULL: "the disk is full; what was stored before is still there",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
}


@contextmanager
def sqlite_errors(where: str) -> Iterator[None]:
    """Raise what SQLite raises inside as a `StoreError`."""
    try:
        yield
    except (MemoryError, UnicodeDecodeError) as error:  # of lengths and names that are damaged
        raise StoreError(f"{where}: {_DAMAGED}") from error
    except sqlite3.Error as error:
        # The upper bits of a code only tell variants of one failure apart.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in BUSY_CODES:
            raise StoreUnavailableError(f"{where}: busy with another process") from error
        kind = UnwritableStoreError if code in _UNWRITABLE else StoreError
        raise kind(f"{where}: {_REASONS.get(code, error)}") from error


def connect(database: str, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection that threads may share, one at a time; it reads texts as bytes."""
    connection = sqlite3.connect(
        _read_only_uri(Path(database)) if read_only else database,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        uri=read_only,
    )
    connection.text_factory = bytes  # damaged ones may be no text
    # With a write-ahead log this survives a killed process; only a power cut may take back the
    # last writes, and even then the file stays whole.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_LOG}")
    return connection


def _read_only_uri(path: Path) -> str:
    """Return where to read a file; without a log beside it, SQLite needs to write nothing."""
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"


def check_file(path: Path) -> bool:
    """Return whether a file can be written, or created; `StoreError` if it is not ours.

    Nothing is touched, and nothing left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreError(f"{path}: a folder, not a database file")
        header = b""
        if path.exists():
            with path.open("rb") as file:
                header = file.read(100)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    # The log of a database is beside it, so that the folder must be writable as well.
    locked = [place for place in (path.parent, path) if not _is_writable(place)]
    if header:
        application = int.from_bytes(header[68:72], "big")
        if not header.startswith(_MAGIC) or application != _APPLICATION_ID:
            raise StoreError(f"{path}: {_NOT_OURS}")
        _check_version(int.from_bytes(header[60:64], "big"), str(path))
    elif locked:
        kind = "an empty file, not a database, and" if path.exists() else "no database, and"
        raise StoreError(f"{path}: {kind} {locked[0]} is not writable")
    return not locked


def _is_writable(path: Path) -> bool:
    return not path.exists() or os.access(path, os.W_OK, effective_ids=_EFFECTIVE_IDS)


def create_tables(connection: sqlite3.Connection, where: str) -> None:
    """Create the tables unless they exist, and switch to a write-ahead log."""
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    if not _version_of(connection, where):
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            # Another process may have been faster.
            if not _version_of(connection, where):
                _create(connection)
    _write_ahead(connection)


def create_in(connection: sqlite3.Connection) -> None:
    """Create the tables in a new database that nobody else uses."""
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    _create(connection)


def _create(connection: sqlite3.Connection) -> None:
    for table in TABLES:
        for statement in TableSql(table).create:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version_of(connection: sqlite3.Connection, where: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version:
        _check_version(version, where)
    return int(version)


def _check_version(version: int, where: str) -> None:
    if version != SCHEMA_VERSION:
        age = "a newer" if version > SCHEMA_VERSION else "an older"
        raise StoreError(
            f"{where}: made by {age} Signal9 (schema {version}, here {SCHEMA_VERSION})"
        )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, once per file; SQLite itself does not wait for others here."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone() not in {(b"wal",), (b"memory",)}:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class TableSql:
    """The statements of one table; where one needs the time, it is whole seconds since 1970."""

    def __init__(self, table: TableSpec) -> None:
        self.table = table
        self.index_attributes = _index_attributes(table)
        self._name = quoted(table.name)
        columns = ["partition", "sort", "version", "expires", "body", "checksum"]
        columns += map(quoted, self.index_attributes)
        values = f"({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        here = f"FROM {self._name} WHERE partition = ? AND sort = ?"
        self.get = f"SELECT {ITEM} {here} AND {ALIVE}"
        self.version = f"SELECT version {here} AND {ALIVE}"
        everywhere = f"FROM {self._name}"
        self.count = f"SELECT count(*) {everywhere}"
        self.all_rows = f"SELECT {', '.join(columns)} {everywhere} ORDER BY partition, sort"
        self.all_rows_backwards = f"{self.all_rows.removesuffix(', sort')} DESC, sort DESC"
        self.put = f"INSERT OR REPLACE INTO {self._name} {values}"
        self.delete = f"DELETE {here}"
        expired = f"FROM {self._name} WHERE expires <= ?"
        self.any_expired = f"SELECT 1 {expired} LIMIT 1"
        self.purge = f"DELETE {expired}"

    def column_of(self, attribute: str | None) -> str:
        """Return the column that holds a key attribute of the table or of an index."""
        if attribute == self.table.partition_key:
            return "partition"
        return "sort" if attribute in {None, self.table.sort_key} else quoted(str(attribute))

    @property
    def create(self) -> Sequence[str]:
        """The statements that create the table and its indexes."""
        columns = [
            "partition TEXT NOT NULL",
            "sort TEXT NOT NULL",
            "version INTEGER NOT NULL",
            "expires INTEGER",
            "body TEXT NOT NULL",
            "checksum INTEGER NOT NULL",
            *(f"{quoted(attribute)} TEXT" for attribute in self.index_attributes),
            "PRIMARY KEY (partition, sort)",
        ]
        table = f"CREATE TABLE {self._name} ({', '.join(columns)}) WITHOUT ROWID"
        return (table, *self._create_indexes())

    def _create_indexes(self) -> Iterator[str]:
        for index in self.table.indexes:
            partition, sort = map(self.column_of, (index.partition_key, index.sort_key))
            # The key breaks ties between equal sort keys, the same way every time.
            columns = ", ".join(dict.fromkeys((partition, sort, "partition", "sort")))
            yield (
                f"CREATE INDEX {quoted(f'{self.table.name}.{index.name}')} ON {self._name} "
                f"({columns}) WHERE {partition} IS NOT NULL AND {sort} IS NOT NULL"
            )
        if self.table.ttl_attribute is not None:
            yield (
                f"CREATE INDEX {quoted(f'{self.table.name}.expires')} ON {self._name} (expires) "
                "WHERE expires IS NOT NULL"
            )


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _index_attributes(table: TableSpec) -> tuple[str, ...]:
    keys = chain.from_iterable((index.partition_key, index.sort_key) for index in table.indexes)
    return tuple(name for name in dict.fromkeys(keys) if name not in table.key_attributes)


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
