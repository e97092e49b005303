"""`signal9 status`: what is stored."""

import typer

from ..options import Json
from ..output import print_json
from ..session import opened

__all__ = ["status"]


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how much is stored, where it comes from, and how fresh it is."""
    with opened(context) as app:
        answer = app.get_status()
        if as_json:
            print_json(answer)
        else:
            from ..views.status import print_status

            print_status(answer)
