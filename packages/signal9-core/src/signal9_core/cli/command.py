"""What the commands share: options, the application they run on, output and error messages."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from ..errors import DamagedItemError, InputError, Signal9Error

if TYPE_CHECKING:
    from rich.console import Console

    from ..bootstrap import App
    from ..schemas.base import Answer


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


_CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_PIPE_WIDTH: Final = 200


def one_line(text: str) -> str:
    """Return the text without line breaks and terminal control characters."""
    return _CONTROL_CHARACTERS.sub(" ", text).strip()


def print_json(answer: "Answer") -> None:
    """Print an answer exactly as the API gives it."""
    from ..schemas.base import to_json

    typer.echo(to_json(answer))


def answer_console() -> "Console":
    """Return the console for tables: as wide as the terminal, or wide if there is none."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def remark_console() -> "Console":
    """Return the console for progress and remarks, which are not part of an answer."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_remark(text: str | None) -> None:
    """Print a remark, if there is one, in a dim style."""
    if text is not None:
        remark_console().print(one_line(text), style="dim", soft_wrap=True)
