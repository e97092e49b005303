"""Damage in a file of the SQLite store: finding it, and saving what is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final

from ..ports import Damage, Progress
from .sqlite_schema import BUSY_CODES, UNREADABLE, TableSql, connect, create_in, text_of, whole_row

_MOST_FINDINGS: Final = 100
_OK: Final = "ok"


def find_damage(
    connection: sqlite3.Connection, tables: Collection[TableSql], progress: Progress
) -> Iterator[Damage]:
    """Yield what SQLite itself finds, then every row that is not as it was written."""
    yield from map(Damage, _findings(connection, tables))
    for sql in tables:
        try:
            yield from _damaged_rows(connection, sql, progress)
        except UNREADABLE as error:
            yield Damage(f"{sql.table.name}: {_reason(error)}")


def _findings(connection: sqlite3.Connection, tables: Iterable[TableSql]) -> Iterator[str]:
    schema = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
    expected = {statement for sql in tables for statement in sql.create}
    try:
        if {text_of(statement) for (statement,) in connection.execute(schema)} != expected:
            yield "the definitions of the tables differ"
        for (text,) in connection.execute(f"PRAGMA integrity_check({_MOST_FINDINGS})"):
            if (finding := text_of(text)) != _OK:
                yield " ".join(finding.split())
    except UNREADABLE as error:
        yield _reason(error)


def _damaged_rows(
    connection: sqlite3.Connection, sql: TableSql, progress: Progress
) -> Iterator[Damage]:
    (total,) = connection.execute(sql.count).fetchone()
    for done, row in enumerate(connection.execute(sql.all_rows), 1):
        whole = whole_row(sql, row)
        if whole is None:
            yield _damage(sql, row, "its checksum differs")
        elif tuple(map(_as_read, whole)) != tuple(row):
            yield _damage(sql, whole, "its columns differ from its content")
        progress(sql.table.name, done, total)


def _damage(sql: TableSql, row: Sequence[object], reason: str) -> Damage:
    key = dict(zip(sql.table.key_attributes, map(text_of, row), strict=False))
    return Damage(reason, sql.table, key)


def _as_read(column: object) -> object:
    return column.encode() if isinstance(column, str) else column


@contextmanager
def salvage(
    damaged: sqlite3.Connection, tables: Iterable[TableSql]
) -> Iterator[sqlite3.Connection]:
    """Open a temporary database that has every row whose body is whole."""
    with closing(connect("")) as connection:
        create_in(connection)
        connection.execute("BEGIN")
        with connection:
            for sql in tables:
                connection.executemany(sql.put, _whole_rows(damaged, sql))
        yield connection


def _whole_rows(connection: sqlite3.Connection, sql: TableSql) -> Iterator[Sequence[object]]:
    for row in _readable_rows(connection, sql):
        whole = whole_row(sql, row)
        if whole is not None:
            yield whole


def _readable_rows(connection: sqlite3.Connection, sql: TableSql) -> Iterator[Sequence[object]]:
    """Yield the rows before the first page that cannot be read, and those after the last one."""
    for statement in (sql.all_rows, sql.all_rows_backwards):
        try:
            yield from connection.execute(statement)
        except UNREADABLE as error:
            _reason(error)
        else:
            return


def _reason(error: Exception) -> str:
    """Return what is wrong with a file; raise the error again if it is only busy."""
    if isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF in BUSY_CODES:
        raise error
    return str(error)
