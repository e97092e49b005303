"""Answers with bars, as rows or as columns."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from ..domain.companies import Freshness
from ..domain.prices import Interval
from .base import Answer, Number


class BarRow(Answer):
    """One bar; `date` is its last trading day."""

    date: date
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int


class PriceColumns(Answer):
    """Bars as columns: one list per field, all of the same length."""

    date: Sequence[date]
    open: Sequence[Number]
    high: Sequence[Number]
    low: Sequence[Number]
    close: Sequence[Number]
    volume: Sequence[int]


class PricesAnswer(Answer):
    """Bars of one company, oldest first; `items` has rows or, if requested, columns."""

    ticker: str
    interval: Interval
    adjusted: bool
    adjustment: Literal["splits and dividends"] | None = Field(
        None, description="By what prices are adjusted; volumes are by splits. Null as traded."
    )
    adjusted_to: date | None = Field(
        None, description="The day in whose shares adjusted prices are; null as traded."
    )
    currency: str
    items: Sequence[BarRow] | PriceColumns
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the stored bars reach; null without any."
    )


class PriceBatchAnswer(Answer):
    """Bars of several companies, in the order of the request."""

    items: Sequence[PricesAnswer]
    unknown: Sequence[str] = Field((), description="Requested tickers that are unknown.")
