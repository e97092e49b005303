"""A store to spy on: it counts calls, stops before a write, or lets somebody else in before one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from signal9_core.ports import Damage, Item, Key, Page, Progress, Store, Stored
from signal9_core.tables import TableSpec

Meanwhile = Callable[[TableSpec, Item], None]


class StoppedError(Exception):
    """The process was killed, so to speak."""


class SpiedStore:
    """A store that counts calls and written items, and may stop before any write."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls = 0
        self.writes = 0
        self.written: list[str] = []
        self.stop_before: int | None = None
        self.meanwhile: Meanwhile | None = None
        self._places: dict[tuple[str, ...], tuple[TableSpec, Key]] = {}

    def another(self) -> "SpiedStore":
        """Return the same store as another process sees it; `contents` covers its writes, too."""
        other = SpiedStore(self.store)
        other._places = self._places
        return other

    def contents(self) -> dict[tuple[str, ...], Item]:
        """Return every item that stands in the store, by table and key."""
        stored = {place: self.store.get(*where) for place, where in self._places.items()}
        return {place: row.item for place, row in stored.items() if row is not None}

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        self.calls += 1
        return self.store.get(table, key)

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        self.calls += 1
        return self.store.get_many(table, keys)

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        self.calls += 1
        return self.store.query(table, partition, **options)

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        self._about_to_write(table, [item])
        return self.store.put(table, item, expected=expected)

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        written = list(items)
        self._about_to_write(table, written)
        self.store.put_many(table, written)

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        written = list(items)
        self._about_to_write(table, written)
        return self.store.put_new(table, written)

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        self._about_to_write(table, [key])
        self.store.delete(table, key, expected=expected)

    def verify(self, progress: Progress) -> list[Damage]:
        return self.store.verify(progress)

    def remove_damage(self) -> None:
        self.store.remove_damage()

    def _about_to_write(self, table: TableSpec, items: Sequence[Item]) -> None:
        self.calls += 1
        for item in items:
            if self.stop_before is not None and self.writes >= self.stop_before:
                raise StoppedError
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile(table, item)
            key = {name: str(item[name]) for name in table.key_attributes}
            self._places[table.name, *key.values()] = table, key
            self.writes += 1
            self.written.append(f"{table.name} {'/'.join(key.values())}")
