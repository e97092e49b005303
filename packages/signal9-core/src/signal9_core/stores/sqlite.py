"""The store for one machine: a single SQLite file, nothing to start."""

import os
import sqlite3
import threading
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from weakref import finalize

import msgspec

from ..errors import ConflictError, IncompatibleStoreError, StoreError, StoreUnavailableError
from ..ports import ABSENT, Clock, Cursor, Item, Key, Page, Span, Stored, Value, utc_now
from ..tables import TABLES, IndexSpec, TableSpec
from .dynamodb import chunks
from .values import (
    ByType,
    Selection,
    check_item,
    checked_decimal,
    checked_int,
    checked_name,
    conflict,
    described,
    new_version,
    place_of,
    select,
)

__all__ = [
    "SCHEMA_VERSION",
    "ConnectionPool",
    "Query",
    "SqliteStore",
    "TableSql",
    "body_of",
    "connect",
    "create",
    "item_of",
    "prepare",
    "query_of",
    "sqlite_errors",
    "transaction",
]

_BYTES: Final = "$bytes"
_MAP: Final = "$map"

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)


def body_of(item: Item) -> str:
    """Return the text that `item_of` turns into an equal item; `StoreError` for odd values."""
    try:
        return _ENCODER.encode(_plain_members(item)).decode()
    except UnicodeEncodeError as error:
        raise StoreError(f"a text is no valid Unicode: {error}") from error


def item_of(body: str) -> dict[str, Value]:
    """Return the item that `body_of` was given."""
    plain = _DECODER.decode(body)
    # Only tags, and texts that start with a dollar sign, put these two characters side by side.
    if '"$' in body:
        return {name: _value(value) for name, value in plain.items()}
    return plain  # type: ignore[return-value]  # JSON without tags holds nothing but values


def _plain_members(members: Mapping[str, Any]) -> dict[str, object]:
    plain: dict[str, object] = {}
    name = ""
    try:
        for name, value in members.items():
            kind = type(value)
            # Texts are most of what there is, and need nothing done.
            plain[checked_name(name)] = value if kind is str else _CONVERTERS[kind](value)
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from error
    return plain


def _plain_map(value: Mapping[str, Any]) -> object:
    plain = _plain_members(value)
    return {_MAP: plain} if _looks_tagged(plain) else plain


def _plain_list(values: Iterable[Any]) -> object:
    return [value if (kind := type(value)) is str else _CONVERTERS[kind](value) for value in values]


def _looks_tagged(plain: Mapping[str, object]) -> bool:
    return len(plain) == 1 and next(iter(plain)).startswith("$")


def _same(value: object) -> object:
    return value


_CONVERTERS: Final = ByType[object]()
_CONVERTERS[str] = _CONVERTERS[bool] = _CONVERTERS[type(None)] = _same
_CONVERTERS[int] = checked_int
_CONVERTERS[Decimal] = checked_decimal
_CONVERTERS[bytes] = lambda value: {_BYTES: b64encode(value).decode()}
_CONVERTERS[list] = _CONVERTERS[tuple] = _plain_list
_CONVERTERS[dict] = _plain_map


def _value(plain: object) -> Value:
    if isinstance(plain, list):
        return [_value(inner) for inner in plain]
    if not isinstance(plain, dict):
        return plain  # type: ignore[return-value]  # a scalar out of JSON is a value
    if _looks_tagged(plain):
        [(tag, inner)] = plain.items()
        if tag == _BYTES:
            return b64decode(inner)
        return _map(inner)
    return _map(plain)


def _map(plain: Mapping[str, object]) -> Value:
    return {name: _value(inner) for name, inner in plain.items()}


_ALIVE: Final = "(expires IS NULL OR expires > ?)"
_OWN_COLUMNS: Final = ("partition", "sort", "version", "expires", "body")

Query = tuple[str, list[object]]
"""A statement and its parameters."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _column_of(table: TableSpec, attribute: str) -> str:
    if attribute == table.partition_key:
        return "partition"
    return "sort" if attribute == table.sort_key else _quoted(attribute)


def _index_attributes(table: TableSpec) -> tuple[str, ...]:
    named = chain.from_iterable((index.partition_key, index.sort_key) for index in table.indexes)
    return tuple(name for name in dict.fromkeys(named) if name not in table.key_attributes)


@dataclass(frozen=True, slots=True)
class TableSql:
    """The statements of one table; where it says `now`, it means whole seconds since 1970."""

    table: TableSpec
    index_attributes: tuple[str, ...]
    create: tuple[str, ...]
    get: str
    replace: str
    insert: str
    update: str
    delete: str
    delete_version: str
    any_expired: str
    purge: str

    @classmethod
    def of(cls, table: TableSpec) -> "TableSql":
        """Write the statements of `table`."""
        name = _quoted(table.name)
        attributes = _index_attributes(table)
        extra = [_quoted(attribute) for attribute in attributes]
        columns = (*_OWN_COLUMNS, *extra)
        values = f"({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        renewed = ", ".join(f"{column} = excluded.{column}" for column in columns[2:])
        changed = ", ".join(f"{column} = ?" for column in columns[2:])
        here = f"FROM {name} WHERE partition = ? AND sort = ?"
        expired = f"FROM {name} WHERE expires <= ?"
        return cls(
            table=table,
            index_attributes=attributes,
            create=(_create_table(name, extra), *_create_indexes(table, name)),
            get=f"SELECT body, version {here} AND {_ALIVE}",
            replace=f"INSERT OR REPLACE INTO {name} {values}",
            insert=(
                f"INSERT INTO {name} {values} ON CONFLICT (partition, sort) "
                f"DO UPDATE SET {renewed} WHERE expires <= ?"
            ),
            update=(
                f"UPDATE {name} SET {changed} "  # noqa: S608  # quoted names only
                f"WHERE partition = ? AND sort = ? AND version = ? AND {_ALIVE}"
            ),
            delete=f"DELETE {here}",
            delete_version=f"DELETE {here} AND version = ? AND {_ALIVE}",
            any_expired=f"SELECT 1 {expired} LIMIT 1",
            purge=f"DELETE {expired}",
        )

    def row(self, item: Item, version: int) -> tuple[object, ...]:
        """Return what `replace` and `insert` take for `item`; `StoreError` if it cannot be held."""
        place = place_of(self.table, item)
        check_item(self.table, item)
        try:
            body = body_of(item)
        except StoreError as error:
            raise StoreError(f"{described(self.table, item)}: {error}") from error
        ttl = self.table.ttl_attribute
        expires = None if ttl is None else item.get(ttl)
        extra = [item.get(name) for name in self.index_attributes]
        return (*place, version, expires, body, *extra)

    def rows(self, items: Sequence[Item]) -> Iterator[tuple[object, ...]]:
        """Return the rows of `items`, each with a version of its own."""
        return (self.row(item, new_version()) for item in items)


def _create_table(name: str, extra: Sequence[str]) -> str:
    columns = [
        "partition TEXT NOT NULL",
        "sort TEXT NOT NULL",
        "version INTEGER NOT NULL",
        "expires INTEGER",
        "body TEXT NOT NULL",
        *(f"{column} TEXT" for column in extra),
        "PRIMARY KEY (partition, sort)",
    ]
    return f"CREATE TABLE {name} ({', '.join(columns)}) WITHOUT ROWID"


def _create_indexes(table: TableSpec, name: str) -> Iterator[str]:
    for index in table.indexes:
        partition = _column_of(table, index.partition_key)
        sort = _column_of(table, index.sort_key)
        # The rest of the order breaks ties between equal sort keys, the same way every time.
        columns = ", ".join(dict.fromkeys((partition, sort, "partition", "sort")))
        yield (
            f"CREATE INDEX {_quoted(f'{table.name}.{index.name}')} ON {name} ({columns}) "
            f"WHERE {partition} IS NOT NULL AND {sort} IS NOT NULL"
        )
    if table.ttl_attribute is not None:
        yield (
            f"CREATE INDEX {_quoted(f'{table.name}.expires')} ON {name} (expires) "
            "WHERE expires IS NOT NULL"
        )


def query_of(selection: Selection, now: int, *, newest_first: bool) -> Query:
    """Return the statement for `selection`; it finds one row more than the limit."""
    table = selection.table
    partition = _column_of(table, selection.partition_key)
    sort = "sort" if selection.sort_key is None else _column_of(table, selection.sort_key)
    order = tuple(dict.fromkeys((sort, "partition", "sort")))
    conditions = [f"{partition} = ?", f"{sort} IS NOT NULL", _ALIVE]
    parameters: list[object] = [selection.partition, now]
    direction, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
    for operator, bound in _bounds(selection):
        # The cursor lies within the bounds; a second one on its side would mislead the planner.
        if selection.cursor is None or not operator.startswith(beyond):
            conditions.append(f"{sort} {operator} ?")
            parameters.append(bound)
    if selection.cursor is not None:
        conditions.append(f"({', '.join(order)}) {beyond} ({', '.join('?' * len(order))})")
        by_column = {_column_of(table, name): value for name, value in selection.cursor.items()}
        parameters += [by_column.get(column, "") for column in order]
    ordered = ", ".join(f"{column} {direction}" for column in order)
    parameters.append(-1 if selection.limit is None else selection.limit + 1)
    source = f"FROM {_quoted(table.name)} WHERE {' AND '.join(conditions)}"
    return f"SELECT body, version {source} ORDER BY {ordered} LIMIT ?", parameters


def _bounds(selection: Selection) -> Iterator[tuple[str, Value]]:
    first = selection.first or selection.prefix
    if first is not None:
        yield ">=", first
    if selection.last is not None:
        yield "<=", selection.last
    if selection.prefix is not None and (end := _end_of(selection.prefix)):
        yield "<", end


def _end_of(prefix: str) -> str:
    """Return the first text after all that start with `prefix`; empty where there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return ""
    head, last = kept[:-1], kept[-1]
    # UTF-8 has no surrogates, so that U+E000 comes next to U+D7FF.
    return head + ("\ue000" if last == "\ud7ff" else chr(ord(last) + 1))


APPLICATION_ID: Final = 0x53394442
"""Marks our files in their header: `S9DB`."""

SCHEMA_VERSION: Final = 1
"""Raised with every change of the tables; a file of a higher one is of a newer Signal9."""

_PAGE_BYTES: Final = 8192
"""Rows of one to two kilobytes, as price blocks are, fill these twice as well as SQLite's 4096."""

_CACHE_KIB: Final = 16 * 1024
_LOG_PAGES: Final = 8000
"""How long the log grows before it is worked into the file: 64 MB make loading twice as fast."""

_BUSY_TIMEOUT_S: Final = 15.0
_MAGIC: Final = b"SQLite format 3\x00"
_EFFECTIVE_IDS: Final = os.access in os.supports_effective_ids
_BUSY_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@contextmanager
def sqlite_errors(where: str) -> Iterator[None]:
    """Turn whatever SQLite raises inside into a `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        # The upper bits of a code only tell variants of one failure apart.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY_CODES:
            raise StoreUnavailableError(f"{where}: another process keeps it busy") from error
        if code == sqlite3.SQLITE_NOTADB:
            raise IncompatibleStoreError(f"{where}: not a Signal9 database") from error
        raise StoreError(f"{where}: {error}") from error


def connect(database: Path | str) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time."""
    connection = sqlite3.connect(
        database,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    # With a write-ahead log this survives a killed process; only a power cut may take back the
    # last writes, and even then the file stays whole.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep all that is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def prepare(path: Path, statements: Iterable[str]) -> None:
    """Make `path` a database of ours, or check that it is one; refuse it unchanged otherwise."""
    _check_access(path)
    _check_header(path)
    with closing(connect(path)) as connection:
        create(connection, statements, str(path))
        _write_ahead(connection)


def create(connection: sqlite3.Connection, statements: Iterable[str], where: str) -> None:
    """Create the tables unless they are there."""
    if _version(connection, where) == SCHEMA_VERSION:
        return
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    with transaction(connection):
        # Another process may have been faster.
        if _version(connection, where) != 0:
            return
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection, where: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    _check_version(int(version), where)
    return int(version)


def _check_version(version: int, where: str) -> None:
    if version > SCHEMA_VERSION:
        raise IncompatibleStoreError(
            f"{where}: of a newer Signal9 (schema {version}; this one knows {SCHEMA_VERSION})"
        )


def _check_access(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreError(f"{path}: a folder, not a database file")
        present = [place for place in (path.parent, path) if place.exists()]
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    for place in present:
        # The log of a database stands beside it, so that the folder must be writable as well.
        if not os.access(place, os.R_OK | os.W_OK, effective_ids=_EFFECTIVE_IDS):
            raise StoreError(f"{place}: not writable")


def _check_header(path: Path) -> None:
    """Refuse foreign files without asking SQLite, which leaves files of its own beside them."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    if not header:
        return
    application = int.from_bytes(header[68:72], "big")
    if not header.startswith(_MAGIC) or application != APPLICATION_ID:
        raise IncompatibleStoreError(f"{path}: not a Signal9 database")
    _check_version(int.from_bytes(header[60:64], "big"), str(path))


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, once per file; SQLite does not wait for others here itself."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class ConnectionPool:
    """As many connections as threads are at work at once, up to `limit`, kept open until `close`.

    Writers take turns here, since SQLite's own waiting between connections is slow and unfair.
    """

    def __init__(self, name: str, connect: Callable[[], sqlite3.Connection], limit: int) -> None:
        self._name = name
        self._connect = connect
        self._idle: deque[sqlite3.Connection] = deque()
        self._free = threading.Semaphore(limit)
        self._writing = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection."""
        with self._free, sqlite_errors(self._name):
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction, which ends with the block."""
        with self._writing, self.reading() as connection, transaction(connection):
            yield connection

    def close(self) -> None:
        """Close what is idle now, and what is lent as soon as it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"{self._name}: already closed")
        return self._idle.pop() if self._idle else self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)


_CHUNK: Final = 1000
"""Items per transaction: long enough to be fast, short enough for other processes to get in."""

_CONNECTIONS: Final = 32
_IN_MEMORY: Final = ":memory:"


class SqliteStore:
    """A `Store` in one file, for any number of threads and processes of one machine.

    What an index with a projection returns is only part of an item, so that its version is
    `ABSENT`: whoever writes it back under that version meets a `ConflictError`.
    """

    def __init__(self, pool: ConnectionPool, tables: Iterable[TableSql], clock: Clock) -> None:
        self._pool = pool
        # Who forgets to close it, as notebooks do, leaves no connection behind.
        self._close = finalize(self, pool.close)
        self._tables = {sql.table.name: sql for sql in tables}
        self._clock = clock

    @classmethod
    def open(cls, path: Path | str, *, clock: Clock = utc_now) -> Self:
        """Open or create the database at `path`; `:memory:` lives as long as the store does.

        `IncompatibleStoreError` where the file is something else, or of a newer Signal9.
        """
        name, tables = str(path), [TableSql.of(table) for table in TABLES]
        statements = [statement for sql in tables for statement in sql.create]
        # A database in memory belongs to its one connection.
        connections = 1 if name == _IN_MEMORY else _CONNECTIONS
        pool = ConnectionPool(name, partial(connect, name), connections)
        with ExitStack() as undo:
            undo.callback(pool.close)
            if name == _IN_MEMORY:
                with pool.reading() as connection:
                    create(connection, statements, name)
            else:
                with sqlite_errors(name):
                    prepare(Path(path), statements)
            store = cls(pool, tables, clock)
            store._purge()  # its own class
            undo.pop_all()
        return store

    def close(self) -> None:
        """Close every connection; the store is of no use afterwards."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""
        found = self.get_many(table, [key])
        return found[0] if found else None

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return those that exist, each once, however often asked."""
        sql, now = self._sql(table), self._now()
        places = dict.fromkeys(place_of(table, key) for key in keys)
        with self._pool.reading() as connection:
            rows = [connection.execute(sql.get, (*place, now)).fetchone() for place in places]
        return [Stored(item_of(row[0]), row[1]) for row in rows if row is not None]

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item and return its new version; `ConflictError` if not over `expected`."""
        sql, version, now = self._sql(table), new_version(), self._now()
        row = sql.row(item, version)
        with self._pool.writing() as connection:
            if expected is None:
                connection.execute(sql.replace, row)
                return version
            if expected == ABSENT:
                changed = connection.execute(sql.insert, (*row, now)).rowcount
            else:
                where = (*row[:2], expected, now)
                changed = connection.execute(sql.update, (*row[2:], *where)).rowcount
        if not changed:
            raise ConflictError(conflict(table, item, expected))
        return version

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write every item in chunks, each as one transaction; of equal keys the last one stays."""
        sql = self._sql(table)
        for chunk in chunks(items, _CHUNK):
            rows = list(sql.rows(chunk))
            with self._pool.writing() as connection:
                connection.executemany(sql.replace, rows)

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key is still free, in chunks; return the others, untouched."""
        sql, now = self._sql(table), self._now()
        taken: list[Item] = []
        for chunk in chunks(items, _CHUNK):
            rows = list(sql.rows(chunk))
            with self._pool.writing() as connection:
                inserted = [connection.execute(sql.insert, (*row, now)).rowcount for row in rows]
            taken += [item for item, count in zip(chunk, inserted, strict=True) if not count]
        return taken

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Remove an item if it is there; with `expected`, that version or `ConflictError`."""
        sql, place, now = self._sql(table), place_of(table, key), self._now()
        with self._pool.writing() as connection:
            if expected is None:
                connection.execute(sql.delete, place)
                return
            if expected == ABSENT:
                as_expected = connection.execute(sql.get, (*place, now)).fetchone() is None
            else:
                deleted = connection.execute(sql.delete_version, (*place, expected, now))
                as_expected = deleted.rowcount == 1
        if not as_expected:
            raise ConflictError(conflict(table, key, expected))

    def query(
        self,
        table: TableSpec,
        partition: str,
        *,
        index: IndexSpec | None = None,
        span: Span | None = None,
        prefix: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        cursor: Cursor | None = None,
        consistent: bool = True,  # noqa: ARG002  # one file is never behind itself
    ) -> Page:
        """Return one partition of the table or index in the order of its sort key."""
        self._sql(table)
        selection = select(
            table, partition, index=index, span=span, prefix=prefix, limit=limit, cursor=cursor
        )
        if selection is None:
            return Page([], None)
        statement, parameters = query_of(selection, self._now(), newest_first=newest_first)
        with self._pool.reading() as connection:
            rows = connection.execute(statement, parameters).fetchall()
        return _page(selection, rows)

    def _purge(self) -> None:
        """Remove expired items for good; they count as absent already."""
        now = self._now()
        for sql in self._tables.values():
            if sql.table.ttl_attribute is None:
                continue
            with self._pool.reading() as connection:
                expired = connection.execute(sql.any_expired, (now,)).fetchone()
            if expired:
                with self._pool.writing() as connection:
                    connection.execute(sql.purge, (now,))

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _sql(self, table: TableSpec) -> TableSql:
        try:
            return self._tables[table.name]
        except KeyError as error:
            raise StoreError(f"there is no table {table.name!r}") from error


def _page(selection: Selection, rows: list[tuple[str, int]]) -> Page:
    stored = [Stored(item_of(body), version) for body, version in rows[: selection.limit]]
    cursor = None
    if len(stored) < len(rows):
        last = stored[-1].item
        cursor = {name: str(last[name]) for name in selection.key_attributes}
    wanted = selection.projection
    if wanted is not None:
        stored = [Stored(_only(wanted, item), ABSENT) for item, _ in stored]
    return Page(stored, cursor)


def _only(wanted: Iterable[str], item: Item) -> Item:
    return {name: item[name] for name in wanted if name in item}
