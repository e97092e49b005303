"""`signal9 demo`: the pipeline against a simulator of the providers."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from .command import print_remark, report_errors

if TYPE_CHECKING:
    from ..bootstrap import App

_USER: Final = "demo"
_WATCHED: Final = 50
_SHOWN: Final = 5


def demo(
    context: typer.Context,
    companies: Annotated[
        int, typer.Option(metavar="N", help="How many companies the market has.", min=1, max=10_000)
    ] = 50,
    provider: Annotated[
        Literal["alpaca", "alphavantage"],
        typer.Option(metavar="PROVIDER", help="Whom to simulate: alpaca or alphavantage."),
    ] = "alpaca",
) -> None:
    """See a stage fill itself: two days of a simulated market, without key and network.

    With --home, which must be empty, the data stay there, for the other commands to look at.
    """
    from ..bootstrap import App
    from ..demo import DemoClock, simulated
    from ..errors import InputError

    with report_errors(), ExitStack() as resources:
        home = context.obj or Path(resources.enter_context(TemporaryDirectory(prefix="signal9-")))
        clock = DemoClock()
        settings = resources.enter_context(simulated(home, provider, companies, clock))
        app = resources.enter_context(App(settings, clock=clock))
        if not app.is_empty():  # simulated data must never be mixed with others
            raise InputError("home", f"{home} is in use; name an empty folder with --home")
        _run(app, "Yesterday: an empty stage learns which companies there are, and fills itself.")
        tickers = [asset.ticker for asset in app.list_assets(limit=_WATCHED).items]
        _watch(app, tickers)
        clock.next_day()
        _run(app, f"Today: only what is new is fetched. A user watches {len(tickers)} companies.")
        _show(app, tickers[0])


def _run(app: "App", title: str) -> None:
    from .render import ProgressBars
    from .views import print_run

    typer.echo(title)
    with ProgressBars(silent=False) as progress:
        answer = app.run(progress)
    print_run(answer)
    if answer.failed:
        raise typer.Exit(1)


def _watch(app: "App", tickers: list[str]) -> None:
    from ..schemas.users import WatchlistPut

    app.users.put_watchlist(_USER, WatchlistPut(watchlist=tickers))


def _show(app: "App", ticker: str) -> None:
    """Print what the user is notified of, and all about a company of it."""
    from .render import make_table, plain_text, print_table
    from .views import print_company

    app.send_notifications()
    notifications = app.users.list_notifications(_USER, limit=_SHOWN).items
    table = make_table("notified", "company", "of")
    for item in notifications:
        table.add_row(f"{item.created_at:%Y-%m-%d %H:%M}", item.ticker, plain_text(item.title))
        ticker = item.ticker
    print_table(table)
    year, comparable = app.get_prices.last_year(ticker)
    articles = app.list_news(ticker=ticker, limit=_SHOWN).items
    print_company(app.get_asset(ticker), year, articles, comparable=comparable)
    print_remark("simulated: made of the bundled sample, and not of real markets")
