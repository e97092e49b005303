"""What is stored before serving starts: ingest it where nothing is, and tell."""

from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from signal9_core.bootstrap import App
from signal9_core.domain import DataSet

__all__ = ["ingest_once", "tell_stock"]

_UNITS: Final = {
    DataSet.PRICES: "daily prices",
    DataSet.FINANCIALS: "reports",
    DataSet.NEWS: "articles",
}


def ingest_once(app: App) -> None:
    """Ingest everything that the provider has, unless that was done before; draws progress."""
    if app.is_ingested():
        return
    columns = TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {}

        def progress(data_set: str, done: int, total: int) -> None:
            if data_set not in tasks:
                tasks[data_set] = bars.add_task(data_set)
            bars.update(tasks[data_set], completed=done, total=total)

        answer = app.ingest(progress)
    for failure in answer.failed:
        subject = f"{failure.data_set} of {failure.ticker}" if failure.ticker else failure.data_set
        typer.echo(f"not ingested: {subject}: {failure.reason}", err=True)


def tell_stock(app: App) -> None:
    """Print what is stored and where it comes from, or how to get it."""
    status = app.get_status()
    if not status.assets:
        typer.echo("Nothing is stored yet; `signal9 serve --ingest` changes that.")
        return
    counts = [f"{status.data_sets[name].count:,} {unit}" for name, unit in _UNITS.items()]
    covered = max(each.companies for each in status.data_sets.values())
    typer.echo(
        f"Stored: {status.assets:,} companies, {covered:,} of them with {', '.join(counts)}; "
        f"in {status.location}"
    )
    if status.notice:
        typer.echo(status.notice)
