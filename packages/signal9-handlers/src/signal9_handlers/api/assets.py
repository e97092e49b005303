"""Companies and their prices."""

from typing import Annotated, Final, Literal

from pydantic import Field

from signal9_core.domain.prices import Interval
from signal9_core.errors import InputError
from signal9_core.schemas.companies import AssetAnswer, AssetsAnswer, AssetSummary
from signal9_core.schemas.prices import BarRow, PriceBatchAnswer, PricesAnswer

from ..runtime import application
from .http import DAILY, REVALIDATE, Request, Response, json_or_csv, ok
from .parameters import (
    Cursor,
    Flag,
    From,
    TickerInPath,
    To,
    WholeNumber,
    fields_of,
    tickers,
)
from .routing import Resource

__all__ = ["app", "handler"]

app = Resource("Assets", f"{__name__}.handler")
handler = app.handler

_TICKERS: Final = Field(
    description="Tickers, separated by commas, answered in this order.", examples=["AAPL,IBM"]
)

_Name = Annotated[str | None, Field(min_length=1, max_length=64)]

BarInterval = Annotated[Interval, Field(description="The length of a bar: day, week or month.")]
Adjusted = Annotated[Flag, Field(description="Adjust prices for splits and dividends.")]
Shape = Annotated[
    Literal["rows", "columns"], Field(alias="format", description="Bars as rows or as columns.")
]
Order = Annotated[Literal["asc", "desc"], Field(description="Oldest or newest bars first.")]
BarFields = Annotated[tuple[str, ...], fields_of(BarRow)]


@app.route("GET", "/assets", AssetsAnswer, "List companies")
def list_assets(
    exchange: Annotated[_Name, Field(description="Only companies listed on this exchange.")] = None,
    sector: Annotated[_Name, Field(description="Only companies of this sector.")] = None,
    tickers: Annotated[tuple[str, ...], tickers(100), _TICKERS] = (),
    fields: Annotated[tuple[str, ...], fields_of(AssetSummary)] = (),
    limit: Annotated[int, WholeNumber(1, 1_000), Field(description="Companies per page.")] = 100,
    cursor: Cursor = None,
) -> Response:
    """All companies by name, or those of an exchange or sector.

    `tickers` names up to 100 companies, answered in that order; `unknown` lists the others.
    """
    if tickers:
        if exchange or sector or cursor:
            raise InputError("tickers", "cannot be combined with exchange, sector or cursor")
        return ok(application().list_assets.named(tickers), DAILY, fields)
    answer = application().list_assets(exchange=exchange, sector=sector, limit=limit, cursor=cursor)
    return ok(answer, DAILY, fields)


@app.route("GET", "/assets/{ticker}", AssetAnswer, "Get a company")
def get_asset(
    ticker: TickerInPath, fields: Annotated[tuple[str, ...], fields_of(AssetAnswer)] = ()
) -> Response:
    """Its identity, listing, description, insights, and how fresh each data set is."""
    return ok(application().get_asset(ticker), REVALIDATE, fields)


@app.route("GET", "/assets/{ticker}/prices", PricesAnswer, "Get prices of a company", csv=True)
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
    limit: Annotated[int, WholeNumber(1, 10_000), Field(description="Bars per page.")] = 5_000,
    cursor: Cursor = None,
) -> Response:
    """Bars, oldest first, as traded unless `adjusted`.

    Weeks and months are never cut: a range selects them by their last trading day.
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


@app.route("GET", "/prices", PriceBatchAnswer, "Get prices of several companies")
def get_price_batch(
    tickers: Annotated[tuple[str, ...], tickers(20), _TICKERS],
    *,
    first: From = None,
    last: To = None,
    interval: BarInterval = Interval.DAY,
    adjusted: Adjusted = False,
    order: Order = "asc",
    fields: BarFields = (),
    limit: Annotated[int, WholeNumber(1, 1_000), Field(description="Bars per company.")] = 250,
) -> Response:
    """Bars of up to 20 companies, in the order of `tickers`; `unknown` lists unknown ones.

    If a company has more than `limit` bars, its `nextCursor` continues at
    `/assets/{ticker}/prices` with the same parameters.
    """
    answer = application().get_prices.batch(
        tickers,
        first=first,
        last=last,
        interval=interval,
        adjusted=adjusted,
        order=order,
        limit=limit,
    )
    return ok(answer, REVALIDATE, fields)
