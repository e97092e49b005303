"""`signal9 status`, `check`, `secrets`, `identity`, `failures` and `redrive`."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .command import Json, TickerArgument, open_app, print_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..bootstrap import App


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how much is stored, where it comes from, and how fresh it is."""
    with open_app(context, needs_data=False) as app:
        answer = app.get_status()
        if as_json:
            print_json(answer)
        else:
            from .views import print_status

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


Stage = Annotated[
    str | None,
    typer.Option(
        metavar="STAGE",
        help="A stage on AWS; AWS_PROFILE names the account.",
        show_default="this machine",
    ),
]


def failures(context: typer.Context, stage: Stage = None, *, as_json: Json = False) -> None:
    """List messages that failed for good, with the reasons."""
    with _open(context, stage) as app:
        answer = app.pipeline.list_failures()
        if as_json:
            print_json(answer)
        else:
            from .views import print_failures

            print_failures(answer)


def redrive(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="As `signal9 failures` lists it.")
    ] = None,
    stage: Stage = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Put all messages back.", show_default=False)
    ] = False,
    as_json: Json = False,
) -> None:
    """Put messages that failed for good back where they failed, once the cause is mended."""
    with _open(context, stage) as app:
        if bool(ids) == everything:
            raise InputError("all", "pass either ids or --all")
        answer = app.pipeline.redrive(None if everything else ids)
        if as_json:
            print_json(answer)
        else:
            from .views import print_redrive

            print_redrive(answer)
        if answer.left:
            raise typer.Exit(1)


def _open(context: typer.Context, stage: str | None) -> "AbstractContextManager[App]":
    """Open the application over the store of this machine, or over a stage on AWS."""
    if stage is None:
        return open_app(context, needs_data=False)
    from ..domain.queues import queue_prefix

    prefix = queue_prefix(stage)
    return open_app(
        context,
        needs_data=False,
        stage=stage,
        store="dynamodb",
        table_prefix=prefix,
        queue_prefix=prefix,
    )
