"""The application for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import typer

from .failures import fail, told

if TYPE_CHECKING:
    from ..app import App

__all__ = ["opened", "stocked"]


@contextmanager
def opened(context: typer.Context, **given: object) -> Iterator["App"]:
    """Make the application and close it; what it raises ends the command with one line.

    What is `given` counts before the settings of the environment.
    """
    from ..app import build
    from ..settings import load_settings

    with told(), build(load_settings(home=context.obj, **given)) as app:
        yield app


@contextmanager
def stocked(context: typer.Context) -> Iterator["App"]:
    """Make the application and fail, naming the remedy, where nothing was ever ingested."""
    with opened(context) as app:
        if not app.is_ingested() and not app.list_assets(limit=1).items:
            remedy = _ingest_command(context.obj)
            fail(f"nothing is stored in {app.settings.location} yet; run `{remedy}` first")
        yield app


def _ingest_command(home: Path | None) -> str:
    return "signal9 ingest" if home is None else f"signal9 --home {quote(str(home))} ingest"
