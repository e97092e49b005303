"""Answers about companies: identity, prices, reports, news."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, Protocol, runtime_checkable

import msgspec
from pydantic import Field

from ..domain import (
    DataSet,
    Freshness,
    Insights,
    Instant,
    Interval,
    Period,
    ReportKind,
    SentimentLabel,
)
from .model import Answer, Number

__all__ = [
    "ArticleAnswer",
    "AssetAnswer",
    "AssetSummary",
    "AssetsAnswer",
    "BarRow",
    "FinancialsAnswer",
    "NewsAnswer",
    "PriceBatchAnswer",
    "PriceColumns",
    "PricesAnswer",
    "ReportRow",
    "SearchAnswer",
    "SearchHit",
    "TickerTone",
    "Wired",
]


class AssetSummary(Answer):
    """A company in a list."""

    ticker: str
    name: str | None
    exchange: str | None
    sector: str | None = None


class AssetsAnswer(Answer):
    """A page of companies, by name."""

    items: Sequence[AssetSummary]
    next_cursor: str | None = None
    unknown: Sequence[str] = Field((), description="Requested tickers that are unknown.")


class AssetAnswer(Answer):
    """One company: identity, description, insights and freshness."""

    ticker: str
    name: str | None
    exchange: str | None
    asset_type: str | None
    status: Literal["active", "inactive"]
    cik: str | None
    sector: str | None
    industry: str | None
    country: str | None
    currency: str | None
    fiscal_year_end: str | None
    description: str | None
    market_capitalization: Number | None
    insights: Insights
    freshness: dict[DataSet, Freshness]


class SearchHit(Answer):
    """A company that matches a search; `score` is from 0 to 100, an exact ticker."""

    ticker: str
    name: str | None
    exchange: str | None
    score: Number


class SearchAnswer(Answer):
    """Matches of a search, best first."""

    items: Sequence[SearchHit]


class TickerTone(Answer):
    """An article's relevance for a company (0 to 1), and its sentiment towards it (-1 to 1)."""

    ticker: str
    relevance: Number
    sentiment: Number | None
    label: SentimentLabel | None


class ArticleAnswer(Answer):
    """One article."""

    id: str
    published_at: Instant
    title: str
    summary: str | None
    url: str | None
    source: str
    topics: Sequence[str]
    tickers: Sequence[TickerTone]
    sentiment: Number | None
    label: SentimentLabel | None
    scored_by: str | None = Field(description="What scored the sentiment, if the source did not.")


class NewsAnswer(Answer):
    """A page of articles, newest first."""

    items: Sequence[ArticleAnswer]
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the articles of the requested company reach."
    )


class ReportRow(Answer):
    """One report; `values` has AlphaVantage's field names, null where unknown."""

    fiscal_date_ending: date
    currency: str | None
    values: dict[str, Number | None]


class FinancialsAnswer(Answer):
    """Reports of one kind and period, newest first."""

    ticker: str
    report: ReportKind
    period: Period
    items: Sequence[ReportRow]
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the stored reports reach; null without any."
    )


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


@runtime_checkable
class Wired(Protocol):
    """Items that write their JSON themselves, faster than one model per item."""

    def wire(self, fields: Sequence[str] = ()) -> msgspec.Raw:
        """Return all items as JSON, or these fields of each."""

    def texts(self, name: str) -> Iterable[str]:
        """Return one field of every item as text, exactly."""


class PricesAnswer(Answer):
    """Bars of one company, oldest first; `items` has rows or, if requested, columns."""

    ticker: str
    interval: Interval
    adjusted: bool
    currency: str
    items: Sequence[BarRow] | PriceColumns
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the stored bars reach; null without any."
    )

    def wire(self, fields: Sequence[str] = ()) -> Mapping[str, object]:
        """Return what JSON is made of, without a model per bar."""
        if not isinstance(self.items, Wired):
            return super().wire(fields)
        rest = self.model_copy(update={"items": ()}).model_dump()
        return {**rest, "items": self.items.wire(fields)}


class PriceBatchAnswer(Answer):
    """Bars of several companies, in the order of the request."""

    items: Sequence[PricesAnswer]
    unknown: Sequence[str] = Field((), description="Requested tickers that are unknown.")

    def wire(self, fields: Sequence[str] = ()) -> Mapping[str, object]:
        """Return what JSON is made of; `fields` are those of the bars."""
        return {
            "items": [prices.wire(fields) for prices in self.items],
            "unknown": list(self.unknown),
        }
