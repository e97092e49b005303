"""How results and progress look in notebooks and terminals."""

import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TextIO, TypeVar

T = TypeVar("T")

_ROWS_AT_EACH_END: Final = 5
_CELL_WIDTH: Final = 60
_BAR_WIDTH: Final = 30
_NUMERIC: Final = frozenset("0123456789,.+-–…")  # noqa: RUF001


@dataclass(frozen=True)
class Grid:
    """A short table of text with a title, and a notice below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notice: str | None

    def text(self) -> str:
        """Return the table for a terminal."""
        lines = [self.columns, *self.rows] if self.rows else []
        aligned = zip(*map(_align, zip(*lines, strict=True)), strict=True)
        body = ["  ".join(line).rstrip() for line in aligned]
        return "\n".join([self.title, *body, *([self.notice] if self.notice else [])])

    def html(self) -> str:
        """Return the table for a notebook, escaped and without links."""
        head = _html_row("th", self.columns)
        body = "".join(_html_row("td", row) for row in self.rows)
        table = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>" if self.rows else ""
        notice = f"<p><small>{escape(self.notice)}</small></p>" if self.notice else ""
        return f"<div><p><b>{escape(self.title)}</b></p>{table}{notice}</div>"


class Displayed:
    """A result that is displayed as a short table."""

    @abstractmethod
    def grid(self) -> Grid:
        """Return the table to display."""

    def __repr__(self) -> str:
        return self.grid().text()

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.grid().html()


def shorten(items: Sequence[T], row: Callable[[T], Sequence[str]]) -> list[Sequence[str]]:
    """Return a row for each item, or for the first and last ones if there are many."""
    if len(items) <= 2 * _ROWS_AT_EACH_END + 1:
        return [[_shorten_cell(cell) for cell in row(item)] for item in items]
    first = shorten(items[:_ROWS_AT_EACH_END], row)
    last = shorten(items[-_ROWS_AT_EACH_END:], row)
    return [*first, ["…"] * len(first[0]), *last]


def _shorten_cell(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CELL_WIDTH else f"{line[: _CELL_WIDTH - 1]}…"


def _align(column: Sequence[str]) -> list[str]:
    """Return cells of equal width; numbers and their header are aligned to the right."""
    width = max(map(len, column))
    is_numeric = all(set(cell) <= _NUMERIC for cell in column[1:])
    return [cell.rjust(width) if is_numeric else cell.ljust(width) for cell in column]


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


class ProgressLine:
    """Draws the progress of an ingest, one line per data set, in a terminal or a notebook."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A notebook's stream is not a terminal, but can return to the start of a line.
        self._is_visible = stream.isatty() or "ipykernel" in sys.modules

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """Redraw the line of a data set, and end it when everything is done."""
        if not self._is_visible:
            return
        bar = ("#" * (_BAR_WIDTH * done // total)).ljust(_BAR_WIDTH, ".") if total else ""
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{data_set:<10} [{bar}] {done:,}/{total:,}{end}")
        self._stream.flush()
