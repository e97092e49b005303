"""The command `signal9 serve`."""

import signal
import socket
from collections.abc import Callable
from importlib.util import find_spec
from threading import Thread
from typing import Annotated

import typer

from signal9_core.errors import SettingsError, Signal9Error

from ..runtime import application
from .server import HOST, LocalServer, listen
from .site import Site
from .stock import ingest_once, tell_stock

__all__ = ["serve"]


def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any free one.")] = 8_000,
    ingest: Annotated[
        bool, typer.Option("--ingest", help="First ingest what the provider has, once.")
    ] = False,
) -> None:
    """Serve the API, its documentation and a page, on this machine only."""
    if find_spec("uvicorn") is None:
        raise SettingsError("uvicorn is missing; pip install 'signal9-handlers[serve]' brings it")
    # Both ways to end it raise KeyboardInterrupt: while it ingests, and after uvicorn's own end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with listen(port) as listener, application() as app:
            if ingest:
                ingest_once(app)
            tell_stock(app)
            _run(listener)
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)


def _run(listener: socket.socket) -> None:
    import uvicorn

    address = f"http://{HOST}:{listener.getsockname()[1]}"
    typer.echo(f"Serving on {address} (API documentation: {address}/docs); Ctrl-C stops.")
    warming = Thread(target=_warm, args=(application().search,), name="warm")
    warming.start()
    config = uvicorn.Config(
        LocalServer(Site(application().provider.notice)),
        access_log=False,
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
