"""AlphaVantage's list of companies, and its news with sentiment."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ...domain import (
    Asset,
    NewsArticle,
    Ticker,
    article_id,
)
from ..parsing import as_number, clean_fields
from .responses import document, table, ticker_of

__all__ = ["parse_listing", "parse_news"]

_LISTING: Final = ("symbol", "name", "exchange", "assetType", "status")
_STATUS: Final = {"active": "active", "delisted": "inactive"}
_STAMP: Final = re.compile(r"\d{8}T\d{4}(\d{2})?")


def parse_listing(body: bytes, ticker: Ticker | None = None) -> list[Asset]:  # noqa: ARG001
    """Return the listed companies; placeholders (`NXT(EXP20091224)`) are left out."""
    rows = table(body, _LISTING)
    return [_asset(row, about) for row in rows if (about := ticker_of(row["symbol"]))]


def _asset(row: dict[str, str], ticker: Ticker) -> Asset:
    status = row["status"].strip().lower()
    fields = {"ticker": ticker, "status": _STATUS.get(status, status)}
    return Asset.model_validate(clean_fields(row, ("symbol",)) | fields)


class _Topic(msgspec.Struct):
    topic: str | None = None
    relevance_score: Any = None


class _Mention(msgspec.Struct):
    ticker: str
    relevance_score: Any
    ticker_sentiment_score: Any = None


class _Article(msgspec.Struct):
    title: str | None
    time_published: str
    source: str | None
    url: str | None = None
    summary: str | None = None
    topics: list[_Topic] | None = None
    ticker_sentiment: list[_Mention] | None = None
    overall_sentiment_score: Any = None
    overall_sentiment_label: Any = None


_ARTICLE: Final = frozenset(_Article.__struct_fields__)


def parse_news(body: bytes, ticker: Ticker | None = None) -> list[NewsArticle]:  # noqa: ARG001
    """Return the articles in the order of the body, each once.

    The id of an article follows from its address, so it is the same under every company.
    """
    feed = msgspec.convert(document(body, ("feed",)).get("feed") or [], list[dict[str, Any]])
    articles = (_article(clean_fields(raw)) for raw in feed)
    return list({article.id: article for article in articles}.values())


def _article(raw: dict[str, Any]) -> NewsArticle:
    article = msgspec.convert(raw, _Article)
    url, topics = article.url, article.topics or ()
    title = article.title or article.summary or url
    if title is None:
        raise ValueError("an article has neither title, summary nor address")
    return NewsArticle.model_validate(
        {
            **{name: value for name, value in raw.items() if name not in _ARTICLE},
            "id": article_id(url) if url else article_id(title, article.time_published),
            "publishedAt": _instant(article.time_published),
            "title": title,
            "summary": article.summary,
            "url": url,
            "source": article.source or "unknown",
            "topics": [topic.topic for topic in topics if topic.topic],
            "topicRelevance": {str(item.topic): as_number(item.relevance_score) for item in topics},
            "tickers": _sentiments(article.ticker_sentiment or ()),
            "sentiment": article.overall_sentiment_score,
        }
    )


def _sentiments(mentions: Iterable[_Mention]) -> list[dict[str, Any]]:
    sentiments: dict[Ticker, dict[str, Any]] = {}
    for mention in mentions:
        ticker = ticker_of(mention.ticker)
        if ticker is not None and ticker not in sentiments:
            relevance, sentiment = mention.relevance_score, mention.ticker_sentiment_score
            sentiments[ticker] = {
                "ticker": ticker,
                "relevance": 0 if relevance is None else relevance,
                "sentiment": sentiment,
            }
    return list(sentiments.values())


def _instant(stamp: str) -> datetime:
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"invalid time_published {stamp!r:.40}")
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)
