"""The SQL behind each table: one SQL table per `TableSpec`, its statements, its queries.

Beside the item's body stand its place (`partition`, `sort`), its version, when it expires, and the
key attributes of indexes, each in a column of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from ..errors import StoreError
from ..ports import Item, Value
from ..tables import TableSpec
from .bodies import body_of
from .keys import check_item, described, new_version, place_of
from .selection import Selection

__all__ = ["Query", "TableSql", "query_of"]

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
