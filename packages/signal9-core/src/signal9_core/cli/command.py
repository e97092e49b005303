"""What the commands share: options, the application they run on, and error messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from ..errors import DamagedItemError, InputError, Signal9Error
from .output import one_line

if TYPE_CHECKING:
    from ..bootstrap import App


def _parse_day(text: str) -> date:
    from ..domain.model import parse_day

    try:
        return parse_day(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Json = Annotated[
    bool, typer.Option("--json", help="Print the API's JSON and nothing else.", show_default=False)
]
Cursor = Annotated[
    str | None,
    typer.Option(help="Continue where an answer to the same options ended.", metavar="CURSOR"),
]
First = Annotated[
    date | None,
    typer.Option("--from", parser=_parse_day, metavar="YYYY-MM-DD", help="The first day."),
]
Last = Annotated[
    date | None,
    typer.Option("--to", parser=_parse_day, metavar="YYYY-MM-DD", help="The last day, included."),
]
TickerArgument = Annotated[str, typer.Argument(metavar="TICKER", help="For example AAPL or BRK.B.")]

_FAILURE: Final = 1
_USAGE_ERROR: Final = 2
_INTERRUPTED: Final = 130
_ARGUMENTS: Final = {"q": "QUERY", "ticker": "TICKER"}


def fail(message: str, code: int = _FAILURE) -> NoReturn:
    """Print an error message and end the command."""
    typer.echo(f"error: {one_line(message)}", err=True)
    raise typer.Exit(code)


@contextmanager
def report_errors() -> Iterator[None]:
    """End the command with one line for an error of Signal9 and for Ctrl-C."""
    try:
        yield
    except InputError as error:
        fail(f"{_ARGUMENTS.get(error.field, f'--{error.field}')}: {error.message}", _USAGE_ERROR)
    except DamagedItemError as error:
        fail(f"{error}; `signal9 check --repair` rebuilds it from raw responses")
    except Signal9Error as error:
        fail(str(error))
    except KeyboardInterrupt:
        typer.echo("stopped; stored data stays, and running the command again continues", err=True)
        raise typer.Exit(_INTERRUPTED) from None


@contextmanager
def open_app(
    context: typer.Context, *, needs_data: bool = True, **settings: object
) -> Iterator["App"]:
    """Open the application for one command and report its errors.

    `settings` override the environment. A command that `needs_data` fails where nothing is stored.
    """
    from ..bootstrap import App
    from ..settings import load_settings

    with report_errors(), App(load_settings(home=context.obj, **settings)) as app:
        if needs_data and app.is_empty():
            home = "" if context.obj is None else f"--home {quote(str(context.obj))} "
            location = app.settings.location
            fail(f"nothing is stored in {location} yet; run `signal9 {home}ingest` first")
        yield app
