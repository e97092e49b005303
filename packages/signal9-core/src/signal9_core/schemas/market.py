"""Answers about companies: identity, prices, reports, news."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

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


class PriceBatchAnswer(Answer):
    """Bars of several companies, in the order of the request."""

    items: Sequence[PricesAnswer]
    unknown: Sequence[str] = Field((), description="Requested tickers that are unknown.")
