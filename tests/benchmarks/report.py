"""How benchmarks speak: a row for each measure as it comes, on stderr, and JSON at the end."""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .measure import Measure

__all__ = ["as_json", "heading", "row", "say", "working"]

_console: Final = Console(stderr=True, highlight=False)
_WIDTHS: Final = (22, 12, 12, 24, 6)


def say(line: str) -> None:
    """Print a line, such as that a peer is not installed."""
    _console.print(line, style="dim", markup=False)


def working(what: str) -> AbstractContextManager[object]:
    """Show that something takes its time; where stderr is no terminal, say so once."""
    if not _console.is_terminal:
        say(f"{what} …")
    return _console.status(what)


def heading() -> None:
    """Print what the columns hold."""
    _print(Text(each, style="bold") for each in ("measure", "value", "goal", "against", ""))


def row(measure: Measure) -> None:
    """Print one measure."""
    bound = "≤" if measure.better == "lower" else "≥"
    verdict = Text("met", style="green") if measure.met else Text("MISSED", style="bold red")
    _print(
        [
            Text(measure.name),
            Text(f"{measure.value:,.4g} {measure.unit}"),
            Text(f"{bound} {measure.goal:,.4g} {measure.unit}"),
            Text(_against(measure)),
            verdict,
        ]
    )


def as_json(measures: Sequence[Measure]) -> str:
    """Return all measures as one JSON document."""
    fields = ("value", "unit", "peer", "ratio", "goal", "met")
    rows = {each.name: {field: getattr(each, field) for field in fields} for each in measures}
    return json.dumps({"measures": rows}, indent=2) + "\n"


def _against(measure: Measure) -> str:
    if measure.peer is None or measure.ratio is None:
        return ""
    return f"{measure.ratio:.3g}x {measure.peer}"


def _print(cells: Iterable[Text]) -> None:
    grid = Table.grid(padding=(0, 1))
    for width in _WIDTHS:
        grid.add_column(width=width, overflow="fold")
    grid.add_row(*cells)
    _console.print(grid)
