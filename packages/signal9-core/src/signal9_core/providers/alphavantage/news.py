"""AlphaVantage's news, with the sentiment about the companies that it names."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from ...domain.model import Ticker, blank_to_none
from ...domain.news import NewsArticle, TickerSentiment, article_id, topic_of
from ..parsing import as_number, builder, clean, clean_fields, decimal_or_none
from .responses import document, ticker_of

_STAMP: Final = re.compile(r"\d{8}T\d{4}(\d{2})?")
_LONGEST_TOPIC: Final = 64
_TOO_LOW: Final = Decimal(-1)
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


class _Topic(msgspec.Struct, gc=False):
    topic: str | None = None
    relevance_score: Any = None


class _Tone(msgspec.Struct, gc=False):
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
    ticker_sentiment: list[_Tone] | None = None
    overall_sentiment_score: Any = None
    overall_sentiment_label: Any = None


_ARTICLE: Final = _Article.__struct_fields__
_new_article: Final = builder(NewsArticle)
_new_sentiment: Final = builder(TickerSentiment)


def parse_news(body: bytes, ticker: Ticker | None = None) -> list[NewsArticle]:  # noqa: ARG001
    """Return the articles in the order of the body, each once.

    The id of an article follows from its address, so it is the same under every company.
    """
    feed = document(body, ("feed",)).get("feed") or []
    articles = map(_article, msgspec.convert(feed, list[_Article]), feed)
    return list({article.id: article for article in articles}.values())


def _article(article: _Article, raw: dict[str, object]) -> NewsArticle:
    url, title, summary, source = map(
        blank_to_none, (article.url, article.title, article.summary, article.source)
    )
    topics = article.topics or ()
    headline = title or summary or url
    if headline is None:
        raise ValueError("an article has neither title, summary nor address")
    values = {
        "id": article_id(str(url)) if url else article_id(str(title), article.time_published),
        "published_at": _instant(article.time_published),
        "title": headline,
        "summary": summary,
        "url": url,
        "source": source or "unknown",
        "topics": tuple(_topic(topic.topic) for topic in topics if topic.topic),
        "tickers": _sentiments(article.ticker_sentiment or ()),
        "sentiment": _score(article.overall_sentiment_score),
    }
    extra = clean_fields(raw, _ARTICLE)
    extra["topicRelevance"] = {
        topic.topic: as_number(clean(topic.relevance_score)) for topic in topics if topic.topic
    }
    return _new_article(values, extra)


def _sentiments(tones: Sequence[_Tone]) -> tuple[TickerSentiment, ...]:
    sentiments: dict[Ticker, TickerSentiment] = {}
    for tone in tones:
        ticker = ticker_of(tone.ticker)
        if ticker is not None and ticker not in sentiments:
            relevance = _score(tone.relevance_score, lowest=_ZERO)
            values = {
                "ticker": ticker,
                "relevance": _ZERO if relevance is None else relevance,
                "sentiment": _score(tone.ticker_sentiment_score),
            }
            sentiments[ticker] = _new_sentiment(values, None)
    return tuple(sentiments.values())


@lru_cache(maxsize=1 << 10)
def _topic(text: str) -> str:
    topic = topic_of(text)
    if not 0 < len(topic) <= _LONGEST_TOPIC:
        raise ValueError(f"invalid topic {text!r:.80}")
    return topic


def _score(value: object, lowest: Decimal = _TOO_LOW) -> Decimal | None:
    score = decimal_or_none(value)
    if score is not None and not lowest <= score <= _ONE:
        raise ValueError(f"score {score} is not between {lowest} and 1")
    return score


def _instant(stamp: str) -> datetime:
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"invalid time_published {stamp!r:.40}")
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)
