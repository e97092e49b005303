"""`signal9 replay`: build the tables from raw answers that were kept."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import Json
from ..output import print_json
from ..session import opened

__all__ = ["replay"]


def replay(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH", help="A folder as provider/FUNCTION/NAME.json; else the cache."
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Build the tables from raw answers, without asking anybody; what is no data is left out."""
    with opened(context) as app:
        from ..progress import ProgressBars

        with ProgressBars(silent=as_json) as progress:
            answer = app.replay(folder, progress)
        if as_json:
            print_json(answer)
        else:
            from ..views.replay import print_replay

            print_replay(answer)
