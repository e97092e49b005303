"""Financial reports."""

from typing import Annotated

from pydantic import Field

from signal9_core.domain.reports import Period, ReportKind
from signal9_core.schemas.financials import FinancialsAnswer, ReportRow

from ..runtime import application
from .http import Request, Response, json_or_csv
from .parameters import Cursor, TickerInPath, WholeNumber, fields_of
from .routing import Resource

__all__ = ["app", "handler"]

app = Resource("Financials", f"{__name__}.handler")
handler = app.handler

Kind = Annotated[ReportKind, Field(description="Which statement, or earnings per share.")]


@app.route(
    "GET", "/financials/{ticker}", FinancialsAnswer, "Get financial reports of a company", csv=True
)
def get_financials(
    request: Request,
    ticker: TickerInPath,
    report: Kind = ReportKind.INCOME_STATEMENT,
    period: Annotated[Period, Field(description="Annual or quarterly reports.")] = Period.ANNUAL,
    fields: Annotated[tuple[str, ...], fields_of(ReportRow)] = (),
    limit: Annotated[int, WholeNumber(1, 200), Field(description="Reports per page.")] = 20,
    cursor: Cursor = None,
) -> Response:
    """All reports of one kind, newest first; figures are in units of their currency."""
    answer = application().get_financials(
        ticker, report=report, period=period, limit=limit, cursor=cursor
    )
    return json_or_csv(request, answer, fields)
