"""`signal9 prices`: price history of a company."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from ..options import Cursor, First, Json, Last, TickerArgument
from ..output import print_json, remark, sources_of
from ..session import stocked

if TYPE_CHECKING:
    from ...app import App
    from ...domain import Interval

__all__ = ["prices"]

_LIMIT: Final = 5_000
_LATEST: Final = 20


def prices(
    context: typer.Context,
    ticker: TickerArgument,
    first: First = None,
    last: Last = None,
    interval: Annotated[
        Literal["1d", "1w", "1mo"], typer.Option(help="Bars of a day, a week or a month.")
    ] = "1d",
    *,
    adjusted: Annotated[
        bool, typer.Option("--adjusted", help="Adjust prices for splits and dividends.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            help="At most so many bars, up to 10,000, counted from the oldest.",
            show_default="with --json 5000, else the latest 20",
        ),
    ] = None,
    cursor: Cursor = None,
    shape: Annotated[
        Literal["rows", "columns"], typer.Option("--format", help="How --json lays out the bars.")
    ] = "rows",
    as_json: Json = False,
) -> None:
    """Show open, high, low, close and volume, oldest first."""
    if shape == "columns" and not as_json:
        raise typer.BadParameter("columns goes with --json", param_hint="'--format'")
    with stocked(context) as app:
        from ...domain import Interval
        from ..views.prices import print_prices

        start, stop, length = first, last, Interval(interval)
        total = None
        if not as_json and start is None and limit is None and cursor is None:
            start, total = _latest(app, ticker, stop, length, adjusted=adjusted)
        answer = app.get_prices(
            ticker,
            first=start,
            last=stop,
            interval=length,
            adjusted=adjusted,
            shape=shape,
            limit=_LIMIT if limit is None else limit,
            cursor=cursor,
        )
        if as_json:
            print_json(answer)
        else:
            print_prices(answer, total, app.get_asset(ticker).freshness)
            remark(app.notice_of(*sources_of(answer.freshness)))


def _latest(
    app: "App", ticker: str, last: date | None, interval: "Interval", *, adjusted: bool
) -> tuple[date | None, int]:
    """Return the first day of the latest bars, and how many bars there are in all."""
    known = app.get_asset(ticker).ticker
    series = app.get_prices.series(known, None, last, interval, adjusted=adjusted)
    return series.day(max(-_LATEST, -len(series))) if len(series) else None, len(series)
