"""`signal9 failures` and `signal9 redrive`."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .command import Json, open_app
from .output import print_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..bootstrap import App

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
