"""NEWS_SENTIMENT: articles with their topics, and their tone towards every company they name."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ...domain import NewsArticle, Ticker, TickerSentiment, article_id
from ...errors import PayloadError
from ..payload import fields, figure, models_of, need, plain
from ..tickers import is_ticker
from . import bodies
from .spelling import canonical

__all__ = ["read_news"]

_REQUIRED: Final = ("title", "time_published", "source")
_READ: Final = frozenset(
    {
        *_REQUIRED,
        "overall_sentiment_label",
        "overall_sentiment_score",
        "summary",
        "ticker_sentiment",
        "topics",
        "url",
    }
)
_STAMP: Final = re.compile(r"\d{8}T\d{4}(\d{2})?")

Raw = Mapping[str, object]


def read_news(body: bytes, ticker: Ticker | None = None) -> list[NewsArticle]:
    """Return the articles in a body, in the order in which they came, each once.

    An article's id follows from its address, so that it is the same whoever it was asked for.
    """
    where = bodies.place("NEWS_SENTIMENT", ticker)
    feed = bodies.document(body, where, ("feed",)).get("feed") or []
    if not isinstance(feed, list):
        raise PayloadError(f"{where}: feed is no list")
    with models_of(where):
        articles = [_article(_object(each, where), where) for each in feed]
    return list({article.id: article for article in articles}.values())


def _article(raw: Raw, where: str) -> NewsArticle:
    need(raw, _REQUIRED, where)
    url, title, published = plain(raw.get("url")), plain(raw["title"]), str(raw["time_published"])
    topics = [_object(each, where) for each in _list(raw, "topics", where)]
    said = fields(raw, _READ)
    return NewsArticle.model_validate(
        {
            **said,
            "id": article_id(str(url)) if url else article_id(str(title), published),
            "publishedAt": _instant(published),
            "title": title or plain(raw.get("summary")) or url,
            "summary": plain(raw.get("summary")),
            "url": url,
            "source": plain(raw["source"]) or "unknown",
            "topics": tuple(str(each["topic"]) for each in topics if each.get("topic")),
            "topicRelevance": {
                str(each["topic"]): figure(plain(each.get("relevance_score"))) for each in topics
            },
            "tickers": _tones(raw, where),
            "sentiment": plain(raw.get("overall_sentiment_score")),
        }
    )


def _tones(raw: Raw, where: str) -> tuple[TickerSentiment, ...]:
    tones: dict[Ticker, TickerSentiment] = {}
    for each in (_object(each, where) for each in _list(raw, "ticker_sentiment", where)):
        need(each, ("ticker", "relevance_score"), f"{where}, ticker_sentiment")
        about = canonical(str(each["ticker"]))
        if is_ticker(about) and about not in tones:
            tones[about] = TickerSentiment.model_validate(
                {
                    "ticker": about,
                    "relevance": plain(each["relevance_score"]) or 0,
                    "sentiment": plain(each.get("ticker_sentiment_score")),
                }
            )
    return tuple(tones.values())


def _instant(stamp: str) -> datetime:
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"time_published {stamp!r:.40} is no time")
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def _list(raw: Raw, name: str, where: str) -> list[object]:
    found = raw.get(name) or []
    if not isinstance(found, list):
        raise PayloadError(f"{where}: {name} is no list")
    return found


def _object(each: object, where: str) -> Raw:
    if not isinstance(each, dict):
        raise PayloadError(f"{where}: {each!r:.80} came in place of an object")
    return each
