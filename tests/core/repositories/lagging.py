"""A store whose eventual reads are late, each item by as much as chance has it."""

from bisect import bisect_right
from random import Random
from typing import Any

from signal9_core.ports import Item, Key, Page, Span, Store, Stored
from signal9_core.tables import TIME_SERIES, TableSpec

__all__ = ["LaggingStore"]


class LaggingStore:
    """A store of prices that remembers every version of every item.

    Its time passes with every write. What is not read consistently is any mixture of what stood
    there in the last `lag` units of time, drawn anew for each query.
    """

    def __init__(self, store: Store, random: Random) -> None:
        self._store = store
        self._random = random
        self._versions: dict[str, list[tuple[int, Stored]]] = {}
        self.now = 0
        self.lag = 0

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        version = self._store.put(table, item, expected=expected)
        self.now += 1
        key = str(item["timestamp"])
        self._versions.setdefault(key, []).append((self.now, Stored(item, version)))
        return version

    def query(
        self,
        table: TableSpec,
        partition: str,
        *,
        consistent: bool = True,
        span: Span | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        cursor: Key | None = None,
        **options: Any,
    ) -> Page:
        whole = self._store.query(
            table, partition, span=span, newest_first=newest_first, cursor=cursor, **options
        )
        seen = whole.items if consistent else [*filter(None, map(self._late, whole.items))]
        if limit is None or len(seen) < limit:
            return Page(seen, None)
        last = seen[limit - 1].item
        return Page(seen[:limit], {name: str(last[name]) for name in TIME_SERIES.key_attributes})

    def _late(self, current: Stored) -> Stored | None:
        versions = self._versions[str(current.item["timestamp"])]
        written = [at for at, _ in versions]
        moment = self._random.randint(self.now - self.lag, self.now)
        seen = bisect_right(written, moment)
        return versions[seen - 1][1] if seen else None
