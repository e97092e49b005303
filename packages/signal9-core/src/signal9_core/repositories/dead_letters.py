"""Dead letters of a process that has no queues."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from ..domain.queues import DeadLetter, reason_of
from ..tables import STATE, state_key
from .optimistic import ItemRange, fields_of, scan, to_item

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..ports import Clock, Item, Store

_NAME: Final = "dead-letters"
_PAGE: Final = 100


class StoredDeadLetters:
    """The `DeadLetters` in State; `deliver` handles one again, here and now."""

    def __init__(self, store: Store, deliver: Callable[[DeadLetter], object], clock: Clock) -> None:
        self._store = store
        self._deliver = deliver
        self._clock = clock

    def add(self, letter: DeadLetter) -> None:
        """Store a message; one with the same id is replaced."""
        self._store.put(STATE, {**to_item(letter), **state_key(_NAME, letter.id)})

    def all(self) -> list[DeadLetter]:
        """Return all messages, oldest first."""
        stored = scan(self._store, ItemRange(STATE, _NAME), None, _PAGE)
        return sorted((_letter(item) for item, _ in stored), key=attrgetter("failed_at"))

    def redrive(self, ids: Collection[str] | None = None) -> set[str]:
        """Handle messages again; what fails again is stored with its new reason."""
        redriven = set()
        for letter in self.all():
            if ids is not None and letter.id not in ids:
                continue
            try:
                self._deliver(letter)
            except Exception as error:  # noqa: BLE001  # must not hold up the other messages
                again = {"reason": reason_of(error), "failed_at": self._clock()}
                self.add(letter.model_copy(update={**again, "tries": letter.tries + 1}))
            else:
                self._store.delete(STATE, state_key(_NAME, letter.id))
                redriven.add(letter.id)
        return redriven


def _letter(item: Item) -> DeadLetter:
    return DeadLetter.model_validate(fields_of(item, without=("name", "item")))
