"""`signal9 search`, `show`, `prices`, `news` and `financials`."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from .command import Cursor, First, Json, Last, TickerArgument, open_app, print_json, print_remark

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..domain.companies import Freshness
    from ..domain.prices import Interval

_NEWS_SHOWN: Final = 3
_BARS_SHOWN: Final = 20
_JSON_BARS: Final = 5_000


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="A ticker or a name, or something like it.")
    ],
    limit: Annotated[int, typer.Option(help="The most companies to show, up to 50.")] = 10,
    *,
    as_json: Json = False,
) -> None:
    """Find companies by ticker or name, best match first; tolerates typing errors."""
    with open_app(context) as app:
        answer = app.search(query, limit=limit)
        if as_json:
            print_json(answer)
        else:
            from .views import print_search

            print_search(answer, query)
            _print_notice(app)


def show(context: typer.Context, ticker: TickerArgument, *, as_json: Json = False) -> None:
    """Show a company: profile, a year of prices, insights, freshness and the latest news."""
    with open_app(context) as app:
        answer = app.get_asset(ticker)
        if as_json:
            print_json(answer)
            return
        from .views import print_company

        year, comparable = app.get_prices.last_year(answer.ticker)
        articles = app.list_news(ticker=answer.ticker, limit=_NEWS_SHOWN).items
        print_company(answer, year, articles, comparable=comparable)
        _print_notice(app, *answer.freshness.values())


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
            help="The most bars to show, up to 10,000, starting with the oldest.",
            show_default="with --json 5000, else the latest 20",
        ),
    ] = None,
    cursor: Cursor = None,
    shape: Annotated[
        Literal["rows", "columns"], typer.Option("--format", help="The layout of the JSON.")
    ] = "rows",
    as_json: Json = False,
) -> None:
    """Show open, high, low, close and volume, oldest first."""
    if shape == "columns" and not as_json:
        raise typer.BadParameter("columns requires --json", param_hint="'--format'")
    with open_app(context) as app:
        from ..domain.prices import Interval

        total = None
        if not as_json and first is None and limit is None and cursor is None:
            first, total = _latest_bars(app, ticker, last, Interval(interval), adjusted=adjusted)
        answer = app.get_prices(
            ticker,
            first=first,
            last=last,
            interval=Interval(interval),
            adjusted=adjusted,
            shape=shape,
            limit=_JSON_BARS if limit is None else limit,
            cursor=cursor,
        )
        if as_json:
            print_json(answer)
        else:
            from .views import print_prices

            print_prices(answer, total, app.get_asset(ticker).freshness)
            _print_notice(app, answer.freshness)


def _latest_bars(
    app: "App", ticker: str, last: date | None, interval: "Interval", *, adjusted: bool
) -> tuple[date | None, int]:
    """Return the first day of the latest bars, and how many bars there are in all."""
    company = app.get_asset(ticker)
    series = app.get_prices.series(company.ticker, None, last, interval, adjusted=adjusted)
    return series.day(max(-_BARS_SHOWN, -len(series))) if len(series) else None, len(series)


def financials(
    context: typer.Context,
    ticker: TickerArgument,
    report: Annotated[
        Literal["income_statement", "balance_sheet", "cash_flow", "earnings"],
        typer.Option(help="The kind of report."),
    ] = "income_statement",
    period: Annotated[
        Literal["annual", "quarterly"], typer.Option(help="The period of each report.")
    ] = "annual",
    limit: Annotated[int, typer.Option(help="The most reports to show, up to 200.")] = 20,
    cursor: Cursor = None,
    *,
    as_json: Json = False,
) -> None:
    """Show reported figures, newest first."""
    with open_app(context) as app:
        from ..domain.reports import Period, ReportKind

        answer = app.get_financials(
            ticker, report=ReportKind(report), period=Period(period), limit=limit, cursor=cursor
        )
        if as_json:
            print_json(answer)
        else:
            from .views import print_financials

            print_financials(answer)
            _print_notice(app, answer.freshness)


def news(
    context: typer.Context,
    company: Annotated[
        str | None, typer.Argument(metavar="TICKER", help="Only articles about this company.")
    ] = None,
    ticker: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Only this topic, for example earnings or technology.")
    ] = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option(help="The most articles to show, up to 1,000.")] = 50,
    cursor: Cursor = None,
    *,
    as_json: Json = False,
) -> None:
    """Show articles with their tone, newest first."""
    if company is not None and ticker is not None:
        raise typer.BadParameter("give the company once", param_hint="'--ticker'")
    with open_app(context) as app:
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
            _print_notice(app, answer.freshness)


def _print_notice(app: "App", *freshness: "Freshness | None") -> None:
    """Print what users must know about the sources of the data."""
    print_remark(app.notice_of(*(entry.source for entry in freshness if entry is not None)))
