"""A store with the permissions of a deployed function: what that may not do is refused."""

from collections.abc import Iterable, Sequence

from signal9_core.ports import Cursor, Item, Key, Page, Span, Store, Stored
from signal9_core.tables import IndexSpec, TableSpec
from signal9_deploy.functions import Use

__all__ = ["FencedStore"]


class FencedStore:
    """A store that lets through only what `uses` name."""

    def __init__(self, store: Store, uses: Sequence[Use]) -> None:
        self._store = store
        self._uses = {use.table.name: use for use in uses}

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        self._check(table)
        return self._store.get(table, key)

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        wanted = list(keys)
        if wanted:
            self._check(table)
        return self._store.get_many(table, wanted)

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        self._check(table, writes=True)
        return self._store.put(table, item, expected=expected)

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        written = list(items)
        if written:
            self._check(table, writes=True)
        self._store.put_many(table, written)

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        written = list(items)
        if written:
            self._check(table, writes=True)
        return self._store.put_new(table, written)

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        self._check(table, writes=True)
        self._store.delete(table, key, expected=expected)

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
        consistent: bool = True,
    ) -> Page:
        self._check(table, index)
        return self._store.query(
            table,
            partition,
            index=index,
            span=span,
            prefix=prefix,
            newest_first=newest_first,
            limit=limit,
            cursor=cursor,
            consistent=consistent,
        )

    def _check(
        self, table: TableSpec, index: IndexSpec | None = None, *, writes: bool = False
    ) -> None:
        use = self._uses.get(table.name)
        if use is None or (writes and not use.writes) or (index and index not in use.indexes):
            where = table.name if index is None else f"{table.name}/{index.name}"
            raise PermissionError(f"may not {'write' if writes else 'read'} {where}")
