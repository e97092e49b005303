"""What is answered about companies: who they are, their news, their reports."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from ..domain import DataSet, Freshness, Insights, Instant, Period, ReportKind, SentimentLabel
from .model import Answer, Number

__all__ = [
    "ArticleAnswer",
    "AssetAnswer",
    "AssetSummary",
    "AssetsAnswer",
    "FinancialsAnswer",
    "FreshnessAnswer",
    "NewsAnswer",
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
    unknown: Sequence[str] = Field((), description="Tickers that were asked for and are not known.")


FreshnessAnswer = Freshness
"""How far a data set reaches, as it is stored: nothing needs another name or shape."""


class AssetAnswer(Answer):
    """Everything about one company but its series, reports and news."""

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
    freshness: dict[DataSet, FreshnessAnswer]


class SearchHit(Answer):
    """A company that a search found; `score` goes from 0 to 100, an exact ticker."""

    ticker: str
    name: str | None
    exchange: str | None
    score: Number


class SearchAnswer(Answer):
    """What a search found, best first."""

    items: Sequence[SearchHit]


class TickerTone(Answer):
    """How much an article is about a company (0 to 1), and its tone towards it (-1 to 1)."""

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
    scored_by: str | None = Field(description="Who judged the tone, where not the source itself.")


class NewsAnswer(Answer):
    """A page of articles, newest first."""

    items: Sequence[ArticleAnswer]
    next_cursor: str | None = None
    freshness: FreshnessAnswer | None = Field(
        None, description="How far the articles reach, where a company was asked for."
    )


class ReportRow(Answer):
    """One report; `values` holds what it reports under AlphaVantage's names, null where unknown."""

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
    freshness: FreshnessAnswer | None = Field(
        None, description="How far the stored reports reach; `null` where there are none."
    )
