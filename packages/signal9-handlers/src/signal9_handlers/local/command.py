"""The command `signal9 serve`."""

import signal
import socket
from collections.abc import Callable
from importlib.util import find_spec
from threading import Thread
from typing import Annotated

import typer

from signal9_core.errors import SettingsError, Signal9Error
from signal9_core.settings import Settings

from ..auth.identity import DEVELOPER
from ..runtime import application
from .door import Door, for_developers, guarded
from .gateway import Gateway
from .server import HOST, LARGEST_HEAD, LocalServer, listen
from .site import Site
from .stock import ingest_once, tell_stock

__all__ = ["serve"]


def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any free one.")] = 8_000,
    ingest: Annotated[
        bool, typer.Option("--ingest", help="First ingest what the provider has, once.")
    ] = False,
    issuer: Annotated[
        str | None, typer.Option(help="Take only tokens of this issuer; else everyone is let in.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="For which API tokens must be issued; goes with --issuer.")
    ] = None,
) -> None:
    """Serve the API, its documentation and a page, on this machine only."""
    if find_spec("uvicorn") is None:
        raise SettingsError("uvicorn is missing; pip install 'signal9-handlers[serve]' brings it")
    # Both ways to end it raise KeyboardInterrupt: while it ingests, and after uvicorn's own end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with listen(port) as listener, application() as app:
            door = _door(app.settings, issuer, audience)
            if ingest:
                ingest_once(app)
            tell_stock(app)
            _tell_who_is_let_in(door)
            _run(listener, door)
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)


def _door(settings: Settings, issuer: str | None, audience: str | None) -> Door:
    given = {"issuer": issuer, "audience": audience}
    chosen = settings.model_copy(update={name: each for name, each in given.items() if each})
    if chosen.issuer is None and chosen.audience is None:
        return for_developers
    from ..auth.tokens import verifier_of

    return guarded(verifier_of(chosen))


def _tell_who_is_let_in(door: Door) -> None:
    if door is for_developers:
        typer.echo(
            f"Everyone on this machine is let in as {DEVELOPER.user_id}, the development identity; "
            "--issuer and --audience have tokens checked."
        )
    else:
        typer.echo("Only callers with a valid token are let in.")


def _run(listener: socket.socket, door: Door) -> None:
    import uvicorn

    address = f"http://{HOST}:{listener.getsockname()[1]}"
    typer.echo(f"Serving on {address} (API documentation: {address}/docs); Ctrl-C stops.")
    warming = Thread(target=_warm, args=(application().search,), name="warm")
    warming.start()
    config = uvicorn.Config(
        LocalServer(Site(application().notice_of()), Gateway(door=door)),
        access_log=False,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        lifespan="off",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        warming.join()


def _warm(search: Callable[[str], object]) -> None:
    """Build the search index, so that the first search need not."""
    try:
        search("a")
    except Signal9Error:
        return  # whoever searches is told
