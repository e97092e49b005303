"""A list that was answered whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

from .display import Displayed

__all__ = ["Rows"]

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Rows(Displayed, Sequence[T]):
    """An immutable sequence; `notice` says what people must know who see it."""

    items: Sequence[T]
    notice: str | None

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...

    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        return self.items[at]
