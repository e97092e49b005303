"""The program `signal9`: its commands, and those that other packages add."""

import io
import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Final

import typer

from ..version import __version__
from .admin import check, failures, identity, redrive, secrets, status
from .command import fail, report_errors
from .demo import demo
from .ingest import ingest, replay, run
from .market import financials, news, prices, search, show

PLUGIN_GROUP: Final = "signal9.commands"
"""The entry point group for commands of other packages: functions with Typer's annotations."""

_COMMANDS: Final = (
    ingest,
    run,
    status,
    failures,
    redrive,
    search,
    show,
    prices,
    news,
    financials,
    replay,
    check,
    secrets,
    demo,
)
_HIDDEN: Final = (identity,)
"""Commands for rare situations, which `status` points to."""


def main() -> None:
    """Run `signal9` with the arguments of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal lacks becomes a question mark instead of a traceback.
            stream.reconfigure(errors="replace")
    make_program()(prog_name="signal9")


def make_program() -> typer.Typer:
    """Return the program with its own commands and those of other packages."""
    program = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    program.callback()(_signal9)
    for command in _COMMANDS:
        program.command()(command)
    for command in _HIDDEN:
        program.command(hidden=True)(command)
    _add_plugins(program)
    return program


def _print_version(requested: bool) -> None:  # noqa: FBT001
    if requested:
        typer.echo(f"signal9 {__version__}")
        raise typer.Exit


def _signal9(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            help="The folder that holds all data on this machine.",
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


def _add_plugins(program: typer.Typer) -> None:
    """Add the commands of other packages; none of them replaces a command of Signal9."""
    reserved = {command.__name__ for command in (*_COMMANDS, *_HIDDEN)}
    for entry in sorted(entry_points(group=PLUGIN_GROUP)):
        if entry.name not in reserved:
            _add_plugin(program, entry)


def _add_plugin(program: typer.Typer, entry: EntryPoint) -> None:
    # All options, even `--help`, are passed on unread: only the package itself knows them, and it
    # is imported when its command runs.
    @program.command(
        entry.name,
        help=_describe(entry),
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def run(context: typer.Context) -> None:
        if context.obj is not None:
            # Plug-ins read their settings from the environment, as a Lambda does.
            os.environ["SIGNAL9_HOME"] = str(context.obj)
        plugin = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        plugin.command(entry.name)(_load(entry))
        with report_errors():
            code = plugin(context.args, prog_name=context.command_path, standalone_mode=False)
        raise typer.Exit(code if isinstance(code, int) else 0)


def _describe(entry: EntryPoint) -> str:
    if entry.dist is None:
        return f"From {_package(entry)}."
    return f"From {entry.dist.name}: {entry.dist.metadata['Summary']}"


def _load(entry: EntryPoint) -> Callable[..., object]:
    try:
        command: Callable[..., object] = entry.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        fail(f"the command {entry.name} of {_package(entry)} cannot be loaded: {error}")
    return command


def _package(entry: EntryPoint) -> str:
    return entry.value.partition(":")[0].partition(".")[0]
