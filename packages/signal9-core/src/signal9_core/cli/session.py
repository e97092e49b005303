"""The application for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from ..errors import InputError, Signal9Error
from .output import one_line

if TYPE_CHECKING:
    from ..bootstrap import App
__all__ = ["Cursor", "First", "Json", "Last", "TickerArgument", "fail", "opened", "stocked", "told"]


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Other spellings that `fromisoformat` reads, as 2013-W09-5, mean nothing to the API.
    if day is None or day.isoformat() != text:
        raise typer.BadParameter(f"{text!r} is no day as 2013-03-01")
    return day


Json = Annotated[
    bool, typer.Option("--json", help="Print the API's JSON and nothing else.", show_default=False)
]
Cursor = Annotated[
    str | None,
    typer.Option(help="Go on where an answer with the same options ended.", metavar="CURSOR"),
]
First = Annotated[
    date | None,
    typer.Option("--from", parser=_day, metavar="YYYY-MM-DD", help="The first day, included."),
]
Last = Annotated[
    date | None,
    typer.Option("--to", parser=_day, metavar="YYYY-MM-DD", help="The last day, included."),
]
TickerArgument = Annotated[str, typer.Argument(metavar="TICKER", help="As AAPL or BRK.B.")]


_STOPPED: Final = 130
_USAGE: Final = 2
_ARGUMENTS: Final = {"q": "QUERY", "ticker": "TICKER"}


def fail(message: str, code: int = 1) -> NoReturn:
    """Print what went wrong and end the command."""
    typer.echo(f"error: {one_line(message)}", err=True)
    raise typer.Exit(code)


@contextmanager
def told() -> Iterator[None]:
    """End the command with one line for whatever Signal9 raises on purpose, and for Ctrl-C."""
    try:
        yield
    except InputError as error:
        fail(f"{_ARGUMENTS.get(error.field, f'--{error.field}')}: {error.message}", _USAGE)
    except Signal9Error as error:
        fail(str(error))
    except KeyboardInterrupt:
        typer.echo("stopped; what was stored stays, and the same command goes on there", err=True)
        raise typer.Exit(_STOPPED) from None


@contextmanager
def opened(context: typer.Context, **given: object) -> Iterator["App"]:
    """Make the application and close it; what it raises ends the command with one line.

    What is `given` counts before the settings of the environment.
    """
    from ..bootstrap import App
    from ..settings import load_settings

    with told(), App(load_settings(home=context.obj, **given)) as app:
        yield app


@contextmanager
def stocked(context: typer.Context) -> Iterator["App"]:
    """Make the application and fail, naming the remedy, where nothing was ever ingested."""
    with opened(context) as app:
        if not app.is_ingested() and not app.list_assets(limit=1).items:
            remedy = _ingest_command(context.obj)
            fail(f"nothing is stored in {app.settings.location} yet; run `{remedy}` first")
        yield app


def _ingest_command(home: Path | None) -> str:
    return "signal9 ingest" if home is None else f"signal9 --home {quote(str(home))} ingest"
