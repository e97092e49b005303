"""Tables that fit the terminal: text folds, numbers stand on the right and are never cut."""

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

from .output import answers_console, remark
from .plain import one_line

__all__ = ["Table", "Text", "fits", "labelled", "make_table", "plain_text", "print_table"]

_FEWEST: Final = 2


def make_table(*columns: str) -> Table:
    """Return an empty table; `>` before a column's name puts it, as numbers, to the right."""
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="bold"
    )
    for name in columns:
        table.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            overflow="fold",
        )
    return table


def labelled() -> Table:
    """Return an empty table of names and what belongs to them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def plain_text(text: str | None, style: str = "") -> Text:
    """Return text from outside: no markup is read in it, no terminal is commanded by it."""
    return Text(one_line(text or ""), style=style)


def fits(table: Table, console: Console) -> bool:
    """Tell whether the console has room for the table without cutting a number or a word."""
    return console.measure(table, options=_unlimited(console)).minimum <= console.width


def print_table(table: Table) -> None:
    """Print a table without its last columns where there is no room for them, and say so."""
    console = answers_console()
    left_out: list[str] = []
    while len(table.columns) > _FEWEST and not fits(table, console):
        left_out.insert(0, str(table.columns.pop().header))
    console.print(table)
    if left_out:
        remark(f"no room for {', '.join(left_out)}: widen the terminal, or use --json")


def _unlimited(console: Console) -> ConsoleOptions:
    return console.options.update(max_width=10_000)
