"""Answers go to standard output, remarks to standard error."""

import os
import re
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..schemas.base import Answer

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
