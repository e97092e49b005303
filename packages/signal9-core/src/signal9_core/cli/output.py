"""Answers on standard output, remarks on standard error."""

import os
import re
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..domain import Freshness
    from ..schemas import Answer

__all__ = [
    "answers_console",
    "one_line",
    "print_json",
    "remark",
    "remark_more",
    "remarks_console",
    "sources_of",
]

_CONTROLS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """Return the text without line breaks and without characters that command a terminal."""
    return _CONTROLS.sub(" ", text).strip()


_WIDTH_OF_A_PIPE: Final = 200


def print_json(answer: "Answer") -> None:
    """Print an answer as the API gives it."""
    from ..schemas import to_json

    typer.echo(to_json(answer))


def answers_console() -> "Console":
    """Return the console for tables: as wide as the terminal, and wide where there is none."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_A_PIPE
    return console


def remarks_console() -> "Console":
    """Return the console for progress and remarks, which are no part of an answer."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def remark(text: str | None) -> None:
    """Say something about an answer, dimly; nothing for `None`."""
    if text is not None:
        remarks_console().print(one_line(text), style="dim", soft_wrap=True)


def sources_of(*freshness: "Freshness | None") -> list[str]:
    """Return where data come from."""
    return [each.source for each in freshness if each is not None]


def remark_more(shown: int, cursor: str | None) -> None:
    """Say that a list goes on where it does, and how to see the rest."""
    if cursor is not None:
        remark(f"showing {shown}; more with --limit or --cursor {cursor}")
