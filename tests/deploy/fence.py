"""A store with the permissions of a deployed function: what that may not do is refused."""

from collections.abc import Iterable, Sequence
from typing import Any

from signal9_core.ports import Item, Key, Page, Store, Stored
from signal9_core.tables import IndexSpec, TableSpec
from signal9_deploy.functions import Use
from tests.spied import SpiedStore

__all__ = ["FencedStore"]


class FencedStore(SpiedStore):
    """A store that lets through only what `uses` name."""

    def __init__(self, store: Store, uses: Sequence[Use]) -> None:
        super().__init__(store)
        self._uses = {use.table.name: use for use in uses}

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        self._check(table)
        return super().get(table, key)

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        wanted = list(keys)
        if wanted:
            self._check(table)
        return super().get_many(table, wanted)

    def query(
        self, table: TableSpec, partition: str, *, index: IndexSpec | None = None, **how: Any
    ) -> Page:
        self._check(table, index)
        return super().query(table, partition, index=index, **how)

    def _about_to_write(self, table: TableSpec, items: Sequence[Item]) -> None:
        if items:
            self._check(table, writes=True)
        super()._about_to_write(table, items)

    def _check(
        self, table: TableSpec, index: IndexSpec | None = None, *, writes: bool = False
    ) -> None:
        use = self._uses.get(table.name)
        if use is None or (writes and not use.writes) or (index and index not in use.indexes):
            where = table.name if index is None else f"{table.name}/{index.name}"
            raise PermissionError(f"may not {'write' if writes else 'read'} {where}")
