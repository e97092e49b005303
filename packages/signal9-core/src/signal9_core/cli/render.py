"""Text from outside, made safe for a terminal."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from ..domain import decimals_of

if TYPE_CHECKING:
    from rich.progress import TaskID

from .output import answers_console, one_line, remark, remarks_console

__all__ = [
    "ProgressBars",
    "Table",
    "Text",
    "common_decimals",
    "figure",
    "fits",
    "labelled",
    "make_table",
    "plain_text",
    "print_table",
    "sparkline",
    "unit_of",
]


_CENTS: Final = 2
_UNITS: Final = ((10**6, "millions"), (10**3, "thousands"))


def common_decimals(values: Iterable[Decimal]) -> int:
    """Return how many digits after the point all these need, at least two."""
    return max(_CENTS, max(map(decimals_of, values), default=0))


def figure(value: Decimal | int | None, decimals: int | None = None) -> str:
    """Return a number with its thousands apart, a dash where it is unknown.

    It is rounded only where it has more than the `decimals` asked for.
    """
    if value is None:
        return "–"  # noqa: RUF001
    exact = Decimal(value)
    return f"{exact:,.{decimals_of(exact) if decimals is None else decimals}f}"


def unit_of(values: Iterable[Decimal | None]) -> tuple[int, str | None]:
    """Return the largest unit in which all these are whole numbers, and its name."""
    known = [value for value in values if value]
    for unit, name in _UNITS:
        if known and all(value % unit == 0 for value in known):
            return unit, name
    return 1, None


_LEVELS: Final = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[Decimal], width: int) -> str:
    """Draw values, oldest first, in at most `width` characters, from their least to their most."""
    drawn = _thinned(values, width)
    if not drawn:
        return ""
    low, high = min(drawn), max(drawn)
    if low == high:
        return _LEVELS[len(_LEVELS) // 2] * len(drawn)
    steps = Decimal(len(_LEVELS) - 1) / (high - low)
    return "".join(_LEVELS[round((value - low) * steps)] for value in drawn)


def _thinned(values: Sequence[Decimal], width: int) -> Sequence[Decimal]:
    """Return the last value of each of `width` stretches of even length."""
    count = len(values)
    if count <= width:
        return values
    return [values[(at + 1) * count // width - 1] for at in range(width)]


class ProgressBars:
    """Draws how far an ingest is on standard error, where that is a terminal."""

    def __init__(self, *, silent: bool) -> None:
        console = remarks_console()
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """Move the bar of a data set, a new one if need be."""
        if data_set not in self._tasks:
            self._tasks[data_set] = self._bars.add_task(data_set, total=total)
        self._bars.update(self._tasks[data_set], completed=done, total=total)


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
