"""How a command fails: one line on standard error, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer

from ..errors import InputError, Signal9Error
from .plain import one_line

__all__ = ["fail", "told"]

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
