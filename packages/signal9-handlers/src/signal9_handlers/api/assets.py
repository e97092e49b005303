"""Answers what is asked about companies and their prices."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_REST
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.answers import AssetAnswer, AssetsAnswer, PricesAnswer
from signal9_core.domain import Interval

from ..runtime import application, logger
from .http import ok, respond
from .parameters import Cursor, Flag, From, TickerInPath, To
from .resource import Resource

__all__ = ["app", "handler"]

app = Resource("Assets")

Exchange = Annotated[str | None, Query(min_length=1, description="Only companies listed there.")]
Sector = Annotated[str | None, Query(min_length=1, description="Only companies of this sector.")]
AssetLimit = Annotated[int, Query(ge=1, le=1_000, description="Companies per page.")]
BarInterval = Annotated[Interval, Query(description="How long a bar is: a day, week or month.")]
Adjusted = Annotated[Flag, Query(description="Adjust prices for splits and dividends.")]
Shape = Annotated[
    Literal["rows", "columns"], Query(alias="format", description="Bars as rows, or as columns.")
]
BarLimit = Annotated[int, Query(ge=1, le=10_000, description="Bars per page.")]


@app.read("/assets", AssetsAnswer, "Companies by name")
def list_assets(
    exchange: Exchange = None,
    sector: Sector = None,
    limit: AssetLimit = 100,
    cursor: Cursor = None,
) -> Response[str]:
    """Every listed company, or those of an exchange or sector, whichever the case."""
    return ok(
        application().list_assets(exchange=exchange, sector=sector, limit=limit, cursor=cursor)
    )


@app.read("/assets/<ticker>", AssetAnswer, "One company in full")
def get_asset(ticker: TickerInPath) -> Response[str]:
    """Who it is, what it does, what follows from its data, and how fresh each data set is."""
    return ok(application().get_asset(ticker))


@app.read("/assets/<ticker>/prices", PricesAnswer, "Prices of a company")
def get_prices(
    ticker: TickerInPath,
    first: From = None,
    last: To = None,
    interval: BarInterval = Interval.DAY,
    adjusted: Adjusted = False,  # noqa: FBT002
    shape: Shape = "rows",
    limit: BarLimit = 5_000,
    cursor: Cursor = None,
) -> Response[str]:
    """Bars, oldest first, as traded unless adjusted ones are asked for.

    Weeks and months are whole at both ends: a range selects them by their last trading day.
    """
    return ok(
        application().get_prices(
            ticker,
            first=first,
            last=last,
            interval=interval,
            adjusted=adjusted,
            shape=shape,
            limit=limit,
            cursor=cursor,
        )
    )


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_REST, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request under `/assets`."""
    return respond(app, event, context)
