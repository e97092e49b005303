"""How results look, as text and in notebooks."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeVar

__all__ = ["Displayed", "Grid", "shortened"]

T = TypeVar("T")

_ENDS: Final = 5
_CELL: Final = 60
_FIGURE: Final = frozenset("0123456789,.+-–…")  # noqa: RUF001


@dataclass(frozen=True)
class Grid:
    """A short table of text: a title above, notes below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str | None] = ()

    def text(self) -> str:
        """Return it for a terminal."""
        lines = [self.columns, *self.rows] if self.rows else []
        aligned = zip(*map(_aligned, zip(*lines, strict=True)), strict=True)
        body = ["  ".join(line).rstrip() for line in aligned]
        return "\n".join([self.title, *body, *filter(None, self.notes)])

    def html(self) -> str:
        """Return it for a notebook: escaped, and without anything from elsewhere."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in self.notes if note)
        return f"<div><p><b>{escape(self.title)}</b></p>{table if self.rows else ''}{notes}</div>"


class Displayed:
    """A result that shows itself as a short table."""

    @abstractmethod
    def grid(self) -> Grid:
        """Return what to show."""

    def __repr__(self) -> str:
        return self.grid().text()

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.grid().html()


def shortened(items: Sequence[T], row: Callable[[T], Sequence[str]]) -> list[Sequence[str]]:
    """Return a row of text for each item; of many items, for the first and the last ones only."""
    if len(items) <= 2 * _ENDS + 1:
        return [[_short(cell) for cell in row(each)] for each in items]
    first, last = shortened(items[:_ENDS], row), shortened(items[-_ENDS:], row)
    return [*first, ["…"] * len(first[0]), *last]


def _aligned(column: Sequence[str]) -> list[str]:
    """Return cells of one width; numbers stand on the right, as does their header."""
    width = max(map(len, column))
    numeric = all(set(cell) <= _FIGURE for cell in column[1:])
    return [cell.rjust(width) if numeric else cell.ljust(width) for cell in column]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CELL else f"{line[: _CELL - 1]}…"


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"
