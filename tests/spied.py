"""A store to spy on: it counts writes, stops before one, or lets somebody else in before one."""

from collections.abc import Callable, Iterable, Sequence

from signal9_core.ports import Cursor, Item, Key, Page, Span, Store, Stored
from signal9_core.tables import IndexSpec, TableSpec

Meanwhile = Callable[[TableSpec, Item], None]


class StoppedError(Exception):
    """The process was killed, so to speak."""


class SpiedStore:
    """A store that counts writes, and can stop before one or let somebody else in before one."""

    def __init__(self, store: Store) -> None:
        self.store = store
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
        found = {place: self.store.get(*where) for place, where in self._places.items()}
        return {place: each.item for place, each in found.items() if each is not None}

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        return self.store.get(table, key)

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        return self.store.get_many(table, keys)

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
        return self.store.query(
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

    def _about_to_write(self, table: TableSpec, items: Sequence[Item]) -> None:
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
