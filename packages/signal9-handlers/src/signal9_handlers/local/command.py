"""The command `signal9 serve`."""

import signal
import socket
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from signal9_core.bootstrap import App
from signal9_core.domain.companies import DataSet
from signal9_core.errors import SettingsError
from signal9_core.settings import Settings

from ..auth.identity import DEVELOPER
from ..runtime import application
from .gateway import Authorize, Gateway, allow_everyone, require_token
from .server import HOST, LARGEST_HEAD, LocalServer, listen
from .site import Site

__all__ = ["ingest_once", "print_status", "serve"]


def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 picks a free port.")] = 8_000,
    ingest: Annotated[
        bool, typer.Option("--ingest", help="First ingest all data of the provider, once.")
    ] = False,
    issuer: Annotated[
        str | None, typer.Option(help="Accept only tokens of this issuer, instead of everyone.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="The API that tokens must be issued for; with --issuer.")
    ] = None,
) -> None:
    """Serve the API, its documentation and a page, on this machine only."""
    if find_spec("uvicorn") is None:
        raise SettingsError("uvicorn is missing: pip install 'signal9-handlers[serve]'")
    # SIGTERM raises KeyboardInterrupt as Ctrl-C does, even while ingesting.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with listen(port) as listener, application() as app:
            authorize = _authorize(app.settings, issuer, audience)
            if ingest:
                ingest_once(app)
            print_status(app)
            _run(app, listener, authorize, issuer or app.settings.issuer)
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)


def ingest_once(app: App) -> None:
    """Ingest all data of the provider, unless that was done before; shows progress."""
    if app.is_ingested():
        return
    columns = TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {}

        def progress(data_set: str, done: int, total: int) -> None:
            if data_set not in tasks:
                tasks[data_set] = bars.add_task(data_set)
            bars.update(tasks[data_set], completed=done, total=total)

        answer = app.ingest(progress)
    for failure in answer.failed:
        subject = f"{failure.data_set} of {failure.ticker}" if failure.ticker else failure.data_set
        typer.echo(f"not ingested: {subject}: {failure.reason}", err=True)


def print_status(app: App) -> None:
    """Print what is stored and where it comes from, or how to get data."""
    status = app.get_status()
    if not status.assets:
        typer.echo("Nothing is stored yet; `signal9 serve --ingest` ingests data first.")
        return
    covered = max(data_set.companies for data_set in status.data_sets.values())
    prices, reports, articles = (
        status.data_sets[name].count for name in (DataSet.PRICES, DataSet.FINANCIALS, DataSet.NEWS)
    )
    typer.echo(
        f"Stored: {status.assets:,} companies, {covered:,} of them with {prices:,} daily prices, "
        f"{reports:,} reports, {articles:,} articles; in {status.location}"
    )
    if status.notice:
        typer.echo(status.notice)


def _authorize(settings: Settings, issuer: str | None, audience: str | None) -> Authorize:
    options = {"issuer": issuer, "audience": audience}
    settings = settings.model_copy(update={name: text for name, text in options.items() if text})
    if settings.issuer is None and settings.audience is None:
        return allow_everyone
    from ..auth.authorizer import make_verifier

    return require_token(make_verifier(settings))


def _run(app: App, listener: socket.socket, authorize: Authorize, issuer: str | None) -> None:
    import uvicorn

    if authorize is allow_everyone:
        typer.echo(
            f"Every request is answered as {DEVELOPER.user_id}, the development identity; "
            "--issuer and --audience require tokens."
        )
    else:
        typer.echo("Requests need a valid token.")
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    typer.echo(f"Serving on {address} (API documentation: {address}/docs); Ctrl-C stops.")
    config = uvicorn.Config(
        LocalServer(Site(app.notice_of(), issuer), Gateway(authorize=authorize)),
        access_log=False,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        lifespan="off",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[listener])
