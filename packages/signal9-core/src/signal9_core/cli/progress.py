"""A bar for each data set while it is ingested."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from .output import remarks_console

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["ProgressBars"]


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
