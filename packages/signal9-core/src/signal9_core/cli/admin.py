"""`signal9 status`: what is stored."""

import typer

from .output import print_json
from .session import Json, opened

__all__ = ["secrets", "status"]


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how much is stored, where it comes from, and how fresh it is."""
    with opened(context) as app:
        answer = app.get_status()
        if as_json:
            print_json(answer)
        else:
            from .views import print_status

            print_status(answer)


def secrets(context: typer.Context, *, as_json: Json = False) -> None:
    """Show which key of a provider comes from where; never the key itself."""
    with opened(context) as app:
        answer = app.list_credentials()
        if as_json:
            print_json(answer)
        else:
            from .views import print_keys

            print_keys(answer)
