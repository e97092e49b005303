"""Every page of an answer, never the first one only."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

__all__ = ["Page", "every"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Page(Protocol[T_co]):
    """Part of an answer; `next_cursor` continues it and is `None` at the end."""

    @property
    def items(self) -> Sequence[T_co]:
        """What is on this page."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next page starts."""


def every(page_at: Callable[[str | None], Page[T]]) -> tuple[T, ...]:
    """Return what is on all pages, given how to get the page at a cursor."""
    page = page_at(None)
    items = list(page.items)
    while page.next_cursor is not None:
        page = page_at(page.next_cursor)
        items.extend(page.items)
    return tuple(items)
