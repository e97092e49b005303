"""The store for one machine: a single SQLite file, nothing to start."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Self
from weakref import finalize

from ..errors import StoreError
from ..ports import (
    ABSENT,
    Clock,
    Cursor,
    Damage,
    Item,
    Key,
    Page,
    Progress,
    Span,
    Stored,
    Value,
    utc_now,
)
from ..tables import TABLES, IndexSpec, TableSpec
from .sqlite_check import find_damage, salvage
from .sqlite_schema import (
    ALIVE,
    ITEM,
    TableSql,
    check_file,
    connect,
    create_tables,
    place_of,
    quoted,
    row_of,
    sqlite_errors,
    stored,
)
from .values import CHUNK, QuerySpec, chunks, conflict, new_version

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

_IN_MEMORY: Final = ":memory:"


def query_sql(spec: QuerySpec, now: int) -> tuple[str, list[object]]:
    """Return the statement for a query and its parameters; it finds one row more than the limit."""
    sql = TableSql(spec.table)
    partition, sort = sql.column_of(spec.partition_key), sql.column_of(spec.sort_key)
    order = tuple(dict.fromkeys((sort, "partition", "sort")))
    conditions = [f"{partition} = ?", f"{sort} IS NOT NULL", ALIVE]
    parameters: list[object] = [spec.partition, now]
    direction, beyond = ("DESC", "<") if spec.newest_first else ("ASC", ">")
    for operator, bound in _bounds(spec):
        # The cursor lies within the bounds; a second one on its side would mislead the planner.
        if spec.cursor is None or not operator.startswith(beyond):
            conditions.append(f"{sort} {operator} ?")
            parameters.append(bound)
    if spec.cursor is not None:
        conditions.append(f"({', '.join(order)}) {beyond} ({', '.join('?' * len(order))})")
        by_column = {sql.column_of(name): value for name, value in spec.cursor.items()}
        parameters += [by_column.get(column, "") for column in order]
    ordered = ", ".join(f"{column} {direction}" for column in order)
    parameters.append(-1 if spec.limit is None else spec.limit + 1)
    source = f"FROM {quoted(spec.table.name)} WHERE {' AND '.join(conditions)}"
    return f"SELECT {ITEM} {source} ORDER BY {ordered} LIMIT ?", parameters


def _bounds(spec: QuerySpec) -> Iterator[tuple[str, str]]:
    first = spec.first or spec.prefix
    if first:
        yield ">=", first
    if spec.last is not None:
        yield "<=", spec.last
    if spec.prefix and (end := _end_of(spec.prefix)):
        yield "<", end


def _end_of(prefix: str) -> str:
    """Return the first text after all that start with `prefix`; empty where there is none."""
    shortened = prefix.rstrip("\U0010ffff")
    if not shortened:
        return ""
    head, last = shortened[:-1], shortened[-1]
    # UTF-8 has no surrogates, so that U+E000 comes next to U+D7FF.
    return head + ("\ue000" if last == "\ud7ff" else chr(ord(last) + 1))


class SqliteStore:
    """A `Store` in one file, for any number of threads and processes of one machine."""

    def __init__(self, connection: sqlite3.Connection, name: str, clock: Clock) -> None:
        self._connection = connection
        self._name = name
        self._clock = clock
        self._lock = Lock()  # threads take turns to use the connection
        self._tables = {table.name: TableSql(table) for table in TABLES}
        # A store that is never closed, as in a notebook, leaves no connection behind.
        self._close = finalize(self, connection.close)

    @classmethod
    def open(cls, path: Path | str, *, clock: Clock = utc_now) -> Self:
        """Open or create the database at `path`; `:memory:` lives as long as the store does.

        A file that may not be written is opened to be read. `StoreError` if the file is something
        else, or made by another version.
        """
        name = str(path)
        with ExitStack() as undo, sqlite_errors(name):
            read_only = name != _IN_MEMORY and not check_file(Path(path))
            connection = connect(name, read_only=read_only)
            undo.callback(connection.close)
            store = cls(connection, name, clock)
            if not read_only:
                create_tables(connection, name)
                with suppress(StoreError):  # what has expired counts as absent all the same
                    store._purge()
            undo.pop_all()
        return store

    def close(self) -> None:
        """Close the connection; the store is of no use afterwards."""
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""
        items = self.get_many(table, [key])
        return items[0] if items else None

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return those that exist, each once, however often its key is listed."""
        sql, now = self._sql(table), self._now()
        places = dict.fromkeys(place_of(table, key) for key in keys)
        with self._reading() as connection:
            rows = [connection.execute(sql.get, (*place, now)).fetchone() for place in places]
        return [stored(table, row) for row in rows if row is not None]

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item and return its new version; `ConflictError` if not over `expected`."""
        sql, version = self._sql(table), new_version()
        row = row_of(sql, item, version)
        with self._writing() as connection:
            self._expect(connection, sql, item, expected)
            connection.execute(sql.put, row)
        return version

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write every item in chunks, each as one transaction; of equal keys the last one stays."""
        sql = self._sql(table)
        for chunk in chunks(items, CHUNK):
            rows = [row_of(sql, item, new_version()) for item in chunk]
            with self._writing() as connection:
                connection.executemany(sql.put, rows)

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key is still free, in chunks; return the others, untouched."""
        sql = self._sql(table)
        taken: list[Item] = []
        for chunk in chunks(items, CHUNK):
            rows = [row_of(sql, item, new_version()) for item in chunk]
            with self._writing() as connection:
                for item, row in zip(chunk, rows, strict=True):
                    if self._version(connection, sql, item) == ABSENT:
                        connection.execute(sql.put, row)
                    else:
                        taken.append(item)
        return taken

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Remove an item if it is there; with `expected`, that version or `ConflictError`."""
        sql, place = self._sql(table), place_of(table, key)
        with self._writing() as connection:
            self._expect(connection, sql, key, expected)
            connection.execute(sql.delete, place)

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
        spec = QuerySpec(table, partition, index, span, prefix, newest_first, limit, cursor)
        statement, parameters = query_sql(spec, self._now())
        with self._reading() as connection:
            rows = connection.execute(statement, parameters).fetchall()
        items = [stored(table, row) for row in rows[:limit]]
        following = None
        if len(items) < len(rows):
            last = items[-1].item
            following = {name: str(last[name]) for name in spec.key_attributes}
        if (names := spec.projection) is not None:
            items = [
                Stored({name: item[name] for name in names if name in item}, ABSENT)
                for item, _ in items
            ]
        return Page(items, following)

    def verify(self, progress: Progress) -> list[Damage]:
        """Read the whole file, and return what is damaged."""
        with self._reading() as connection:
            return list(find_damage(connection, self._tables.values(), progress))

    def remove_damage(self) -> None:
        """Replace the file by a new one with every item whose body is whole."""
        with self._reading() as connection, salvage(connection, self._tables.values()) as whole:
            whole.backup(connection)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, sqlite_errors(self._name):
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Write everything inside, or nothing of it."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    def _expect(
        self,
        connection: sqlite3.Connection,
        sql: TableSql,
        key: Mapping[str, Value],
        expected: int | None,
    ) -> None:
        if expected is not None and self._version(connection, sql, key) != expected:
            raise conflict(sql.table, key, expected)

    def _version(
        self, connection: sqlite3.Connection, sql: TableSql, key: Mapping[str, Value]
    ) -> int:
        place = place_of(sql.table, key)
        row = connection.execute(sql.version, (*place, self._now())).fetchone()
        return ABSENT if row is None else int(row[0])

    def _purge(self) -> None:
        """Remove expired items for good; they count as absent already."""
        now = self._now()
        for sql in self._tables.values():
            with self._reading() as connection:
                expired = connection.execute(sql.any_expired, (now,)).fetchone()
            if expired:
                with self._writing() as connection:
                    connection.execute(sql.purge, (now,))

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _sql(self, table: TableSpec) -> TableSql:
        try:
            return self._tables[table.name]
        except KeyError as error:
            raise StoreError(f"there is no table {table.name!r}") from error
