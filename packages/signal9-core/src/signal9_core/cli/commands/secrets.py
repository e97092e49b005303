"""`signal9 secrets`: where the keys of providers come from."""

import typer

from ..options import Json
from ..output import print_json
from ..session import opened

__all__ = ["secrets"]


def secrets(context: typer.Context, *, as_json: Json = False) -> None:
    """Show which key of a provider comes from where; never the key itself."""
    with opened(context) as app:
        answer = app.key_places()
        if as_json:
            print_json(answer)
        else:
            from ..views.secrets import print_keys

            print_keys(answer)
