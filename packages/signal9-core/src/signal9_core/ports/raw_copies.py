"""Raw bodies that were kept, to be read again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["RawCopies", "RawCopy"]


@dataclass(frozen=True, slots=True)
class RawCopy:
    """One kept body: `file` names it for a person, `read` returns it.

    `symbol` is whom it may be about, as the provider spells it, and `at` when it came, where known.
    """

    file: str
    provider: str
    function: str
    symbol: str | None
    at: datetime | None
    read: Callable[[], bytes]


class RawCopies(Protocol):
    """Whatever was kept."""

    def copies(self) -> Iterable[RawCopy]:
        """Return every copy, in no particular order; `StoreError` where they cannot be read."""
