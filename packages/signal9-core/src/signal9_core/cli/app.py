"""Commands that other packages add through the entry point group `signal9.commands`."""

import io
import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Final

import typer

from ..version import __version__
from .admin import secrets, status
from .ingest import ingest, replay
from .market import financials, news, prices, search, show
from .session import fail, told

__all__ = ["GROUP", "add_contributed", "main", "make_program"]

GROUP: Final = "signal9.commands"
"""An entry point in it names a function with Typer's annotations."""

_PASS_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def add_contributed(program: typer.Typer) -> None:
    """Add each contributed command under its name; a name of ours is not given away."""
    own = {
        each.name or each.callback.__name__ for each in program.registered_commands if each.callback
    }
    for entry in sorted(entry_points(group=GROUP)):
        if entry.name not in own:
            _add(program, entry)


def _add(program: typer.Typer, entry: EntryPoint) -> None:
    package = entry.value.partition(".")[0].partition(":")[0]

    # Options, `--help` among them, go through unread: to know them means to import the package.
    @program.command(
        entry.name, help=_origin(entry, package), add_help_option=False, context_settings=_PASS_ON
    )
    def run(context: typer.Context) -> None:
        _run(_load(entry, package), entry.name, context)


def _origin(entry: EntryPoint, package: str) -> str:
    if entry.dist is None:
        return f"From {package}."
    return f"From {entry.dist.name}: {entry.dist.metadata['Summary']}"


def _load(entry: EntryPoint, package: str) -> Callable[..., object]:
    try:
        command: Callable[..., object] = entry.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        fail(f"the command {entry.name} of {package} cannot be loaded: {error}")
    return command


def _run(command: Callable[..., object], name: str, context: typer.Context) -> None:
    if context.obj is not None:
        # Contributed commands read their settings where a Lambda does: in the environment.
        os.environ["SIGNAL9_HOME"] = str(context.obj)
    contributed = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    contributed.command(name)(command)
    with told():
        code = contributed(context.args, prog_name=context.command_path, standalone_mode=False)
    raise typer.Exit(code if isinstance(code, int) else 0)


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
