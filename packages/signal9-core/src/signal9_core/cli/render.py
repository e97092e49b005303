"""Tables, numbers, sparklines and progress bars for a terminal."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from ..domain.prices import decimals_of
from .command import answer_console, one_line, print_remark, remark_console

_CENTS: Final = 2
_UNITS: Final = ((10**6, "millions"), (10**3, "thousands"))
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_MIN_COLUMNS: Final = 2


def format_number(value: Decimal | int | None, decimals: int | None = None) -> str:
    """Return a number with thousands separators, or a dash for `None`.

    It is rounded only to fewer `decimals` than it has.
    """
    if value is None:
        return "–"  # noqa: RUF001
    exact = Decimal(value)
    return f"{exact:,.{decimals_of(exact) if decimals is None else decimals}f}"


def common_decimals(values: Iterable[Decimal]) -> int:
    """Return how many decimals show all values exactly, at least two."""
    return max(_CENTS, max(map(decimals_of, values), default=0))


def common_unit(values: Iterable[Decimal | None]) -> tuple[int, str | None]:
    """Return the largest unit in which all values are whole numbers, and its name."""
    known = [value for value in values if value]
    for unit, name in _UNITS:
        if known and all(value % unit == 0 for value in known):
            return unit, name
    return 1, None


def sparkline(values: Sequence[Decimal], width: int) -> str:
    """Draw values, oldest first, in at most `width` characters between their extremes."""
    if len(values) > width:
        values = [values[(at + 1) * len(values) // width - 1] for at in range(width)]
    if not values:
        return ""
    low, high = min(values), max(values)
    if low == high:
        return _LEVELS[len(_LEVELS) // 2] * len(values)
    steps = Decimal(len(_LEVELS) - 1) / (high - low)
    return "".join(_LEVELS[round((value - low) * steps)] for value in values)


class ProgressBars:
    """Draws the progress of an ingest on standard error, if that is a terminal."""

    def __init__(self, *, silent: bool) -> None:
        console = remark_console()
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            console=console,
            disable=silent or not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """Update the bar of a data set; the first call adds it."""
        if data_set not in self._tasks:
            self._tasks[data_set] = self._bars.add_task(data_set, total=total)
        self._bars.update(self._tasks[data_set], completed=done, total=total)


def make_table(*columns: str) -> Table:
    """Return an empty table; a column whose name starts with `>` is aligned to the right."""
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


def make_field_list() -> Table:
    """Return an empty list of names and their values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def plain_text(text: str | None, style: str = "") -> Text:
    """Return untrusted text without markup and terminal control characters."""
    return Text(one_line(text or ""), style=style)


def fits(table: Table, console: Console) -> bool:
    """Return whether the console can show the table without cutting a number or a word."""
    unlimited = console.options.update(max_width=10_000)
    return console.measure(table, options=unlimited).minimum <= console.width


def print_table(table: Table) -> None:
    """Print a table; the last columns are omitted, by name, where there is no room for them."""
    console = answer_console()
    omitted: list[str] = []
    while len(table.columns) > _MIN_COLUMNS and not fits(table, console):
        omitted.insert(0, str(table.columns.pop().header))
    console.print(table)
    if omitted:
        print_remark(f"no room for {', '.join(omitted)}: widen the terminal, or use --json")
