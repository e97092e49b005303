"""Work that is planned: what is in the queue of a provider, and who plans more of it."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.work import WorkItem
from ..errors import ConflictError
from ..ports import ABSENT
from ..tables import STATE, TTL_ATTRIBUTE, state_key
from .optimistic import ItemRange, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..ports import Clock, Item, Store

_LEASE: Final = timedelta(minutes=5)
"""A planner that holds the lease for longer was killed."""

_LONGEST_WAIT: Final = timedelta(hours=2)
"""An item that is not done by then counts as lost, and is planned again."""

_PAGE: Final = 1000


class WorkRepository:
    """The work items of a provider that were sent and are not done, an item each."""

    def __init__(self, store: Store, provider: str, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._name = f"work/{provider}"
        self._lease = state_key("leases", self._name)

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Yield whether nobody else plans meanwhile."""
        version = ABSENT
        with suppress(ConflictError):
            item: Item = {**self._lease, TTL_ATTRIBUTE: self._expires(_LEASE)}
            version = self._store.put(STATE, item, expected=ABSENT)
        try:
            yield version != ABSENT
        finally:
            if version != ABSENT:
                with suppress(ConflictError):
                    self._store.delete(STATE, self._lease, expected=version)

    def sent(self) -> list[WorkItem]:
        """Return the items that are not done yet."""
        stored = scan(self._store, ItemRange(STATE, self._name), None, _PAGE)
        return [WorkItem.model_validate_json(str(item["body"])) for item, _ in stored]

    def add(self, items: Iterable[WorkItem]) -> None:
        """Note items that are about to be sent."""
        expires = self._expires(_LONGEST_WAIT)
        self._store.put_many(
            STATE,
            (
                {**self._key(item), "body": item.model_dump_json(), TTL_ATTRIBUTE: expires}
                for item in items
            ),
        )

    def remove(self, *items: WorkItem) -> None:
        """Note that items are done, or that the next plan may have them again."""
        for item in items:
            self._store.delete(STATE, self._key(item))

    def _key(self, item: WorkItem) -> dict[str, str]:
        return state_key(self._name, work_id(item))

    def _expires(self, after: timedelta) -> int:
        return int((self._clock() + after).timestamp())


def work_id(item: WorkItem) -> str:
    """Return what identifies an item of a plan."""
    return hashlib.sha256(item.model_dump_json().encode()).hexdigest()[:16]
