"""`signal9 status`, `signal9 check`, `signal9 secrets` and `signal9 identity`."""

from typing import Annotated

import typer

from .command import Json, TickerArgument, open_app
from .output import print_json


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how much is stored, where it comes from, and how fresh it is."""
    with open_app(context, needs_data=False) as app:
        answer = app.get_status()
        if as_json:
            print_json(answer)
        else:
            from .status_view import print_status

            print_status(answer)


def check(
    context: typer.Context,
    *,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Remove what is damaged, and rebuild it from raw responses."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read everything that is stored, and list what is not as it was written."""
    with open_app(context, needs_data=False) as app:
        from .render import ProgressBars

        with ProgressBars(silent=as_json) as progress:
            answer = app.check(progress, repair=repair)
        if as_json:
            print_json(answer)
        else:
            from .views import print_check

            print_check(answer)
        if any(not damage.repaired for damage in answer.damaged):
            raise typer.Exit(1)


def secrets(context: typer.Context, *, as_json: Json = False) -> None:
    """Show where each provider key comes from, never the key itself."""
    with open_app(context, needs_data=False) as app:
        answer = app.list_credentials()
        if as_json:
            print_json(answer)
        else:
            from .views import print_credentials

            print_credentials(answer)


def identity(
    context: typer.Context,
    ticker: TickerArgument,
    *,
    same: Annotated[
        bool | None,
        typer.Option(
            "--same/--new",
            help="It is the company that is stored, or another one that has taken the ticker.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who has a ticker and who had it; decide where listings leave it open."""
    with open_app(context) as app:
        answer = app.get_asset(ticker) if same is None else app.decide_owner(ticker, same=same)
        if as_json:
            print_json(answer)
        else:
            from .views import print_identity

            print_identity(answer)
