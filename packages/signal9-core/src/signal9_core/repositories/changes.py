"""Read, change, write back: only over the version that was read, again if someone was faster."""

from collections.abc import Callable

import stamina

from ..errors import ConflictError
from ..ports import ABSENT, Item, Key, Store
from ..tables import TableSpec

__all__ = ["change_item"]


def change_item(
    store: Store, table: TableSpec, key: Key, change: Callable[[Item | None], Item | None]
) -> bool:
    """Write what `change` makes of the stored item, and tell whether anything was written.

    `change` gets `None` where there is no item, and returns `None` to leave things as they are. It
    may be called several times; `ConflictError` after losing the race again and again.
    """
    for attempt in stamina.retry_context(
        on=ConflictError,
        attempts=20,
        timeout=30,
        wait_initial=0.005,
        wait_max=0.25,
        wait_jitter=0.05,
    ):
        with attempt:
            found = store.get(table, key)
            changed = change(None if found is None else found.item)
            if changed is None:
                return False
            store.put(table, changed, expected=ABSENT if found is None else found.version)
    return True
