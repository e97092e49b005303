"""Writing only what differs, and only over what was read: again if someone was faster."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar

from ..errors import ConflictError
from ..ports import ABSENT, Item, Key, Store
from ..tables import TableSpec

if TYPE_CHECKING:
    from stamina import Attempt

__all__ = [
    "Foretell",
    "change_item",
    "contested",
    "ignore",
    "key_of",
    "sync_items",
    "until_uncontested",
]

T = TypeVar("T")

Foretell = Callable[[T], None]
"""Hears what is about to be written before the first write; not called where nothing will be."""


class _Patience(TypedDict):
    attempts: int
    timeout: float
    wait_initial: float
    wait_max: float
    wait_jitter: float


_PATIENCE: Final = _Patience(
    attempts=20, timeout=30, wait_initial=0.005, wait_max=0.25, wait_jitter=0.05
)


def ignore(_: object) -> None:
    """Hear and do nothing."""


def contested() -> "Iterable[Attempt]":
    """Return attempts until one meets no conflict; the last one lets its `ConflictError` out."""
    # Loading it takes 20 ms, which whoever only reads should not pay.
    import stamina  # noqa: PLC0415

    return stamina.retry_context(on=ConflictError, **_PATIENCE)


def until_uncontested(function: Callable[[], T]) -> T:
    """Return what `function` does; it is called again as long as it meets conflicts."""
    import stamina  # noqa: PLC0415

    return stamina.RetryingCaller(**_PATIENCE).on(ConflictError)(function)


def change_item(
    store: Store, table: TableSpec, key: Key, change: Callable[[Item | None], Item | None]
) -> bool:
    """Write what `change` makes of the stored item, and tell whether anything was written.

    `change` gets `None` where there is no item, and returns `None` to leave things as they are. It
    may be called several times; `ConflictError` after losing the race again and again.
    """
    for attempt in contested():
        with attempt:
            found = store.get(table, key)
            changed = change(None if found is None else found.item)
            if changed is None:
                return False
            store.put(table, changed, expected=ABSENT if found is None else found.version)
    return True


def sync_items(
    store: Store, table: TableSpec, items: Iterable[Item], foretell: Foretell[list[Item]]
) -> list[Item]:
    """Write the items that are not stored just so, and return them; of equal keys the last one."""
    wanted = {key_of(table, item): item for item in items}
    found = store.get_many(table, (dict(key) for key in wanted))
    known = {key_of(table, each.item): each.item for each in found}
    changed = {key: item for key, item in wanted.items() if known.get(key) != item}
    if not changed:
        return []
    foretell(list(changed.values()))
    overtaken = store.put_new(table, [changed[key] for key in changed if key not in known])
    contended = {key_of(table, item) for item in overtaken} | (changed.keys() & known.keys())
    for key in sorted(contended):
        change_item(store, table, dict(key), _becoming(changed[key]))
    return list(changed.values())


def key_of(table: TableSpec, item: Item) -> tuple[tuple[str, str], ...]:
    """Return an item's key as something to look up by; `dict` makes a `Key` of it."""
    return tuple((name, str(item[name])) for name in table.key_attributes)


def _becoming(item: Item) -> Callable[[Item | None], Item | None]:
    return lambda stored: None if stored == item else item
