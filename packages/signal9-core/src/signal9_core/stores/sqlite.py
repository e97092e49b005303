"""The store for one machine: a single SQLite file, nothing to start."""

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from weakref import finalize

from ..errors import ConflictError, StoreError
from ..ports import ABSENT, Clock, Cursor, Item, Key, Page, Span, Stored, utc_now
from ..tables import TABLES, IndexSpec, TableSpec
from .bodies import item_of
from .keys import conflict, new_version, place_of
from .retries import chunks
from .selection import Selection, select
from .sqlite_files import connect, create, prepare, sqlite_errors
from .sqlite_pool import ConnectionPool
from .sqlite_tables import TableSql, query_of

__all__ = ["SqliteStore"]

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
