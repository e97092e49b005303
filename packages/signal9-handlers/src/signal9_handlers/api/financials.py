"""Answers what is asked about financial reports."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_REST
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.answers import FinancialsAnswer
from signal9_core.domain import Period, ReportKind

from ..runtime import application, logger
from .http import ok, respond
from .parameters import Cursor, TickerInPath
from .resource import Resource

__all__ = ["app", "handler"]

app = Resource("Financials")

Kind = Annotated[ReportKind, Query(description="Which statement, or earnings per share.")]
Span = Annotated[Period, Query(description="Reports of years or of quarters.")]
ReportLimit = Annotated[int, Query(ge=1, le=200, description="Reports per page.")]


@app.read("/financials/<ticker>", FinancialsAnswer, "Financial reports of a company")
def get_financials(
    ticker: TickerInPath,
    report: Kind = ReportKind.INCOME_STATEMENT,
    period: Span = Period.ANNUAL,
    limit: ReportLimit = 20,
    cursor: Cursor = None,
) -> Response[str]:
    """Every report of one kind, newest first, with figures in units of their currency."""
    return ok(
        application().get_financials(
            ticker, report=report, period=period, limit=limit, cursor=cursor
        )
    )


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_REST, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request under `/financials`."""
    return respond(app, event, context)
