"""Commands that other packages add through the entry point group `signal9.commands`."""

import os
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer

from .failures import fail, told

__all__ = ["GROUP", "add_contributed"]

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
