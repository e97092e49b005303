"""`signal9 search`: companies by ticker or name."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from .output import print_json, remark, sources_of
from .session import Cursor, First, Json, Last, TickerArgument, stocked

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..domain import Interval
__all__ = ["financials", "news", "prices", "search", "show"]


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="A ticker or a name, or something like it.")
    ],
    limit: Annotated[int, typer.Option(help="At most so many companies, up to 50.")] = 10,
    *,
    as_json: Json = False,
) -> None:
    """Find companies by ticker or name, best first; typing errors are forgiven."""
    with stocked(context) as app:
        answer = app.search(query, limit=limit)
        if as_json:
            print_json(answer)
        else:
            from .views import print_hits

            print_hits(answer, query)
            remark(app.notice_of())


_ARTICLES: Final = 3


def show(context: typer.Context, ticker: TickerArgument, *, as_json: Json = False) -> None:
    """Show a company: who it is, a year of prices, insights, freshness and the latest news."""
    with stocked(context) as app:
        answer = app.get_asset(ticker)
        if as_json:
            print_json(answer)
            return
        from ..domain import Interval
        from .views import print_company

        series = app.get_prices.series(answer.ticker, None, None, Interval.DAY, adjusted=False)
        print_company(answer, series, app.list_news(ticker=answer.ticker, limit=_ARTICLES).items)
        remark(app.notice_of(*sources_of(*answer.freshness.values())))


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
        from ..domain import Interval
        from .views import print_prices

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


def financials(
    context: typer.Context,
    ticker: TickerArgument,
    report: Annotated[
        Literal["income_statement", "balance_sheet", "cash_flow", "earnings"],
        typer.Option(help="Which report."),
    ] = "income_statement",
    period: Annotated[
        Literal["annual", "quarterly"], typer.Option(help="The span of each report.")
    ] = "annual",
    limit: Annotated[int, typer.Option(help="At most so many reports, up to 200.")] = 20,
    cursor: Cursor = None,
    *,
    as_json: Json = False,
) -> None:
    """Show reported figures, newest first."""
    with stocked(context) as app:
        from ..domain import Period, ReportKind

        answer = app.get_financials(
            ticker, report=ReportKind(report), period=Period(period), limit=limit, cursor=cursor
        )
        if as_json:
            print_json(answer)
        else:
            from .views import print_reports

            print_reports(answer)
            remark(app.notice_of(*sources_of(answer.freshness)))


def news(
    context: typer.Context,
    company: Annotated[
        str | None, typer.Argument(metavar="TICKER", help="Only articles about this company.")
    ] = None,
    ticker: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Only articles on this, as earnings or technology.")
    ] = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option(help="At most so many articles, up to 1,000.")] = 50,
    cursor: Cursor = None,
    *,
    as_json: Json = False,
) -> None:
    """Show articles with their tone, newest first."""
    if company is not None and ticker is not None:
        raise typer.BadParameter("name the company once", param_hint="'--ticker'")
    with stocked(context) as app:
        answer = app.list_news(
            ticker=company or ticker,
            topic=topic,
            first=first,
            last=last,
            limit=limit,
            cursor=cursor,
        )
        if as_json:
            print_json(answer)
        else:
            from .views import print_news

            print_news(answer)
            remark(app.notice_of(*sources_of(answer.freshness)))
