"""The program: its global options, its own commands, and those that other packages add."""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..version import __version__
from .commands import (
    financials,
    ingest,
    news,
    prices,
    replay,
    search,
    secrets,
    show,
    status,
)
from .contributed import add_contributed

__all__ = ["main", "make_program"]


def main() -> None:
    """Run `signal9` with the arguments of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character shows a question mark instead of a traceback.
            stream.reconfigure(errors="replace")
    make_program()(prog_name="signal9")


def make_program() -> typer.Typer:
    """Return the program with every command that there is."""
    program = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    program.callback()(_signal9)
    own = (ingest, status, search, show, prices, news, financials, replay, secrets)
    for command in own:
        program.command()(command)
    add_contributed(program)
    return program


def _print_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        typer.echo(f"signal9 {__version__}")
        raise typer.Exit


def _signal9(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            help="The folder for everything that is kept on this machine.",
            envvar="SIGNAL9_HOME",
            file_okay=False,
            show_default="the user's data folder",
        ),
    ] = None,
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Market data you can trust: ingest it, look at it, serve it."""
    context.obj = home
