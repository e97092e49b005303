"""Answers what is asked about financial reports."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from signal9_core.domain import Period, ReportKind
from signal9_core.schemas import FinancialsAnswer, ReportRow

from ..runtime import application
from .fields import Selected
from .http import respond
from .negotiation import CSV, json_or_csv
from .parameters import DIGITS, FIELDS, Cursor, TickerInPath
from .request import Request
from .resource import Resource
from .response import JSON, Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["app", "handler"]

app = Resource("Financials")

Kind = Annotated[ReportKind, Field(description="Which statement, or earnings per share.")]
Span = Annotated[Period, Field(description="Reports of years or of quarters.")]
ReportFields = Annotated[tuple[str, ...], Selected(ReportRow), Field(description=FIELDS)]
ReportLimit = Annotated[int, Field(ge=1, le=200, description="Reports per page."), DIGITS]


@app.read(
    "/financials/{ticker}",
    FinancialsAnswer,
    "Financial reports of a company",
    media_types=(JSON, CSV),
)
def get_financials(
    request: Request,
    ticker: TickerInPath,
    report: Kind = ReportKind.INCOME_STATEMENT,
    period: Span = Period.ANNUAL,
    fields: ReportFields = (),
    limit: ReportLimit = 20,
    cursor: Cursor = None,
) -> Response:
    """Every report of one kind, newest first, with figures in units of their currency."""
    answer = application().get_financials(
        ticker, report=report, period=period, limit=limit, cursor=cursor
    )
    return json_or_csv(request, answer, fields)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/financials`."""
    return respond(app, event, context)
