"""Answers what is asked about companies and their prices."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from signal9_core.domain import Interval
from signal9_core.errors import InputError
from signal9_core.schemas import (
    AssetAnswer,
    AssetsAnswer,
    AssetSummary,
    BarRow,
    PriceBatchAnswer,
    PricesAnswer,
)

from ..runtime import application
from .fields import Selected, Several
from .http import DAILY, REVALIDATE, ok, respond
from .negotiation import CSV, json_or_csv
from .operation import Named
from .parameters import DIGITS, FIELDS, Cursor, Flag, From, TickerInPath, To
from .request import Request
from .resource import Resource
from .response import JSON, Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["app", "handler"]

app = Resource("Assets")

_TICKERS: Final = "Tickers with commas between, answered in this order."

Exchange = Annotated[
    str | None,
    Field(min_length=1, max_length=64, description="Only companies listed there."),
]
Sector = Annotated[
    str | None, Field(min_length=1, max_length=64, description="Only companies of this sector.")
]
AssetLimit = Annotated[int, Field(ge=1, le=1_000, description="Companies per page."), DIGITS]
BarInterval = Annotated[Interval, Field(description="How long a bar is: a day, week or month.")]
Adjusted = Annotated[Flag, Field(description="Adjust prices for splits and dividends.")]
Shape = Annotated[
    Literal["rows", "columns"], Named("format"), Field(description="Bars as rows, or as columns.")
]
Order = Annotated[
    Literal["asc", "desc"], Field(description="Oldest bars first, or newest bars first.")
]
BarLimit = Annotated[int, Field(ge=1, le=10_000, description="Bars per page."), DIGITS]
AssetFields = Annotated[tuple[str, ...], Selected(AssetAnswer), Field(description=FIELDS)]
SummaryFields = Annotated[tuple[str, ...], Selected(AssetSummary), Field(description=FIELDS)]
BarFields = Annotated[tuple[str, ...], Selected(BarRow), Field(description=FIELDS)]
AssetTickers = Annotated[
    tuple[str, ...], Several(100), Field(description=_TICKERS, examples=["AAPL,IBM"])
]
PriceTickers = Annotated[
    tuple[str, ...], Several(20), Field(description=_TICKERS, examples=["AAPL,IBM"])
]
BatchLimit = Annotated[int, Field(ge=1, le=1_000, description="Bars of each company."), DIGITS]


@app.read("/assets", AssetsAnswer, "Companies by name, or those asked for")
def list_assets(
    exchange: Exchange = None,
    sector: Sector = None,
    tickers: AssetTickers = (),
    fields: SummaryFields = (),
    limit: AssetLimit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every listed company, or those of an exchange or sector, whichever the case.

    With `tickers`, up to 100 companies in the order asked for; `unknown` has those that are not.
    """
    if tickers:
        if exchange or sector or cursor:
            raise InputError("tickers", "goes with neither exchange, sector nor cursor")
        return ok(application().list_assets.named(tickers), DAILY, fields)
    answer = application().list_assets(exchange=exchange, sector=sector, limit=limit, cursor=cursor)
    return ok(answer, DAILY, fields)


@app.read("/assets/{ticker}", AssetAnswer, "One company in full")
def get_asset(ticker: TickerInPath, fields: AssetFields = ()) -> Response:
    """Who it is, what it does, what follows from its data, and how fresh each data set is."""
    return ok(application().get_asset(ticker), REVALIDATE, fields)


@app.read("/assets/{ticker}/prices", PricesAnswer, "Prices of a company", media_types=(JSON, CSV))
def get_prices(
    request: Request,
    ticker: TickerInPath,
    *,
    first: From = None,
    last: To = None,
    interval: BarInterval = Interval.DAY,
    adjusted: Adjusted = False,
    shape: Shape = "rows",
    order: Order = "asc",
    fields: BarFields = (),
    limit: BarLimit = 5_000,
    cursor: Cursor = None,
) -> Response:
    """Bars, oldest first, as traded unless adjusted ones are asked for.

    Weeks and months are whole at both ends: a range selects them by their last trading day.
    """
    answer = application().get_prices(
        ticker,
        first=first,
        last=last,
        interval=interval,
        adjusted=adjusted,
        shape=shape,
        order=order,
        limit=limit,
        cursor=cursor,
    )
    return json_or_csv(request, answer, fields)


@app.read("/prices", PriceBatchAnswer, "Prices of several companies")
def get_price_batch(
    tickers: PriceTickers,
    *,
    first: From = None,
    last: To = None,
    interval: BarInterval = Interval.DAY,
    adjusted: Adjusted = False,
    order: Order = "asc",
    fields: BarFields = (),
    limit: BatchLimit = 250,
) -> Response:
    """Bars of up to 20 companies, in the order asked for; `unknown` has those that are not.

    Where a company has more bars than `limit`, its `nextCursor` goes on among its own prices, with
    the same parameters.
    """
    answer = application().get_price_batch(
        tickers,
        first=first,
        last=last,
        interval=interval,
        adjusted=adjusted,
        order=order,
        limit=limit,
    )
    return ok(answer, REVALIDATE, fields)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/assets` or `/prices`."""
    return respond(app, event, context)
