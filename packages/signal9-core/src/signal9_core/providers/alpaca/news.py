"""`/v1beta1/news`: articles about companies, without a tone."""

from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from ...domain import NewsArticle, Ticker, TickerSentiment, article_id
from ..payload import fields, models_of, need, plain
from ..tickers import is_ticker
from .bodies import objects, page, place
from .spelling import canonical

__all__ = ["NewsPage", "read_news", "read_news_page"]

_REQUIRED: Final = ("id", "headline", "created_at")
_READ: Final = frozenset({*_REQUIRED, "source", "summary", "symbols", "url"})
_COMPANIES: Final = 1 << 14
_NAMED: Final = Decimal(1)
"""Alpaca says whom an article is about, not how much: every company it names counts in full."""


class NewsPage(NamedTuple):
    """Articles; `token` asks for the next page, `None` ends."""

    articles: list[NewsArticle]
    token: str | None


def read_news_page(body: bytes, where: str) -> NewsPage:
    """Return the articles of a page, in the order in which they came."""
    found, token = page(body, "news", where)
    with models_of(where):
        return NewsPage([_article(raw, where) for raw in objects(found, where)], token)


def read_news(body: bytes, ticker: Ticker | None = None) -> list[NewsArticle]:
    """Return the articles in a body."""
    return read_news_page(body, place("news", ticker)).articles


def _article(raw: dict[str, object], where: str) -> NewsArticle:
    need(raw, _REQUIRED, where)
    url = plain(raw.get("url"))
    return NewsArticle.model_validate(
        {
            **fields(raw, _READ),
            "id": article_id("alpaca", str(raw["id"])),
            "publishedAt": raw["created_at"],
            "title": plain(raw["headline"]) or plain(raw.get("summary")) or url,
            "summary": plain(raw.get("summary")),
            "url": url,
            "source": plain(raw.get("source")) or urlsplit(str(url or "")).hostname or "alpaca",
            "tickers": _mentions(raw),
        }
    )


def _mentions(raw: dict[str, object]) -> tuple[TickerSentiment, ...]:
    symbols = raw.get("symbols") or []
    named = symbols if isinstance(symbols, list) else [symbols]
    found = dict.fromkeys(_mention(str(symbol)) for symbol in named)
    return tuple(each for each in found if each is not None)


@lru_cache(maxsize=_COMPANIES)
def _mention(symbol: str) -> TickerSentiment | None:
    """Return what every article says that names a company; `None` for what is no ticker."""
    ticker = canonical(symbol)
    return TickerSentiment(ticker=ticker, relevance=_NAMED) if is_ticker(ticker) else None
