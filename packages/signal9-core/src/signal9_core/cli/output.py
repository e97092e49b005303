"""Where answers and remarks go: answers to standard output, remarks to standard error."""

import os
from typing import TYPE_CHECKING, Final

import typer

from .plain import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from ..answers import Answer
    from ..domain import Freshness

__all__ = [
    "answers_console",
    "print_json",
    "remark",
    "remark_more",
    "remarks_console",
    "sources_of",
]

_WIDTH_OF_A_PIPE: Final = 200


def print_json(answer: "Answer") -> None:
    """Print an answer as the API gives it."""
    from ..answers import to_json

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
