"""Answers with articles and their sentiment."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from ..domain.companies import Freshness
from ..domain.model import Instant
from ..domain.news import SentimentLabel
from .base import Answer, Number
from .companies import AssetSummary


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


Trend = Literal["up", "down", "flat"]


class Tone(Answer):
    """Mean sentiment of the news of a window and of the one before; null without any.

    `change` is the difference; from 0.05 on the trend is up or down.
    """

    articles: int
    sentiment: Number | None
    label: SentimentLabel | None
    previous_articles: int
    previous_sentiment: Number | None
    change: Number | None
    trend: Trend | None


class ToneOfAsset(Tone):
    """Sentiment of the news about one company."""

    ticker: str
    name: str | None


class MarketSummary(Tone):
    """Sentiment of all news in the days up to and including `asOf`."""

    as_of: date
    window_days: int
    companies: int = Field(description="Companies with news in the window.")
    assets: Sequence[ToneOfAsset] = Field(description="Companies with most news, most first.")
    complete: bool = Field(description="Whether every article of both windows was counted.")


class BriefingAnswer(Answer):
    """Recent news for the caller, a summary of the market, and recently viewed companies."""

    of: Literal["interests", "market"] = Field(
        description="Whether the items are about the caller's topics and watchlist, or all news."
    )
    items: Sequence[ArticleAnswer]
    market: MarketSummary | None = Field(description="Null without any news.")
    viewed: Sequence[AssetSummary] = Field(description="Recently viewed, latest first.")
    next_cursor: str | None = None
