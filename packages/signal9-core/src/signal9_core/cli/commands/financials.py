"""`signal9 financials`: what a company reported."""

from typing import Annotated, Literal

import typer

from ..options import Cursor, Json, TickerArgument
from ..output import print_json, remark, sources_of
from ..session import stocked

__all__ = ["financials"]


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
        from ...domain import Period, ReportKind

        answer = app.get_financials(
            ticker, report=ReportKind(report), period=Period(period), limit=limit, cursor=cursor
        )
        if as_json:
            print_json(answer)
        else:
            from ..views.financials import print_reports

            print_reports(answer)
            remark(app.notice_of(*sources_of(answer.freshness)))
