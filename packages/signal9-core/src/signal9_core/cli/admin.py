"""`signal9 status` and `signal9 secrets`."""

import typer

from .command import Json, open_app
from .output import print_json

__all__ = ["secrets", "status"]


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how much is stored, where it comes from, and how fresh it is."""
    with open_app(context, needs_data=False) as app:
        answer = app.get_status()
        if as_json:
            print_json(answer)
        else:
            from .views import print_status

            print_status(answer)


def secrets(context: typer.Context, *, as_json: Json = False) -> None:
    """Show where each provider key comes from, never the key itself."""
    with open_app(context, needs_data=False) as app:
        answer = app.list_credentials()
        if as_json:
            print_json(answer)
        else:
            from .views import print_credentials

            print_credentials(answer)
