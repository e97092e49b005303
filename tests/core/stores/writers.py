"""Work for several threads or processes at once."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from signal9_core.errors import ConflictError
from signal9_core.ports import ABSENT, Item, Store
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import ASSETS, STATE, state_key

__all__ = ["COUNTER", "count_in_file", "count_up", "fill_forever"]

COUNTER = state_key("counter")


def count_up(store: Store, times: int) -> None:
    """Add one to a shared counter, again and again, losing nothing."""
    while times:
        stored = store.get(STATE, COUNTER)
        reached = 0 if stored is None else stored.item["count"]
        assert isinstance(reached, int)
        expected = ABSENT if stored is None else stored.version
        try:
            store.put(STATE, {**COUNTER, "count": reached + 1}, expected=expected)
        except ConflictError:
            continue
        times -= 1


def count_in_file(path: Path, times: int) -> None:
    with SqliteStore.open(path) as store:
        count_up(store, times)
        store.put_many(ASSETS, ({"ticker": f"T{number}"} for number in range(2_500)))


def fill_forever(path: Path) -> None:
    """Write endlessly in one call, and say when the second transaction is done."""

    def assets() -> Iterator[Item]:
        for number in count():
            if number == 2_000:
                print("writing", flush=True)  # noqa: T201
            yield {"ticker": f"T{number:09}", "number": number}

    with SqliteStore.open(path) as store:
        store.put_many(ASSETS, assets())
