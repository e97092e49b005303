"""LISTING_STATUS: what is or was listed in the United States; a table, whatever is asked for."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator

from ...domain import (
    Asset,
    CorporateAction,
    Currency,
    EarningsCalendarEntry,
    Exact,
    NewsArticle,
    OpenModel,
    Ticker,
    TickerSentiment,
    article_id,
    blank_to_none,
    one_a_day,
)
from ...errors import PayloadError
from ..parsing import fields, figure, is_ticker, models_of, need, plain
from . import decode as bodies
from .symbols import canonical

__all__ = [
    "SymbolMatch",
    "read_calendar",
    "read_dividends",
    "read_listing",
    "read_news",
    "read_search",
    "read_splits",
]

_REQUIRED: Final = ("symbol", "name", "exchange", "assetType", "status")
_STATUS: Final = {"active": "active", "delisted": "inactive"}


def read_listing(body: bytes, ticker: Ticker | None = None) -> list[Asset]:
    """Return the listings in a body; what is no ticker (`NXT(EXP20091224)`) is left out."""
    where = bodies.place("LISTING_STATUS", ticker)
    rows = bodies.table(body, where, _REQUIRED)
    with models_of(where):
        return [_asset(row, about) for row in rows if is_ticker(about := canonical(row["symbol"]))]


def _asset(row: dict[str, str], ticker: Ticker) -> Asset:
    kept = fields(row, ("symbol",))
    status = row["status"].strip().lower()
    return Asset.model_validate({**kept, "ticker": ticker, "status": _STATUS.get(status, status)})


_REQUIRED_CALENDAR: Final = ("symbol", "reportDate", "fiscalDateEnding")


def read_calendar(body: bytes, ticker: Ticker | None = None) -> list[EarningsCalendarEntry]:
    """Return the announced dates in a body; symbols that are no tickers are left out."""
    where = bodies.place("EARNINGS_CALENDAR", ticker)
    found = []
    with models_of(where):
        for row in bodies.table(body, where, _REQUIRED_CALENDAR):
            about = canonical(row["symbol"])
            if is_ticker(about):
                kept = fields(row, ("symbol",))
                found.append(EarningsCalendarEntry.model_validate({**kept, "ticker": about}))
    return found


_NUMBERED: Final = re.compile(r"^\d+\. ")
_REQUIRED_SEARCH: Final = ("symbol", "name", "matchScore")


class SymbolMatch(OpenModel):
    """A listing that fits the words, and how well, from 0 to 1."""

    ticker: Ticker
    name: str | None = None
    type: str | None = None
    region: str | None = None
    currency: Annotated[Currency | None, BeforeValidator(blank_to_none)] = None
    match_score: Exact


def read_search(body: bytes) -> list[SymbolMatch]:
    """Return the matches in a body, JSON or CSV, the best first."""
    where = bodies.place("SYMBOL_SEARCH", None)
    with models_of(where):
        return [
            SymbolMatch.model_validate({**_fields(row), "ticker": about})
            for row in _rows(body, where)
            if is_ticker(about := canonical(row["symbol"]))
        ]


def _fields(row: dict[str, str]) -> dict[str, object]:
    return {name: plain(value) for name, value in row.items() if name != "symbol"}


def _rows(body: bytes, where: str) -> list[dict[str, str]]:
    if not bodies.is_json(body):
        return bodies.table(body, where, _REQUIRED_SEARCH)
    matches = bodies.document(body, where, ("bestMatches",)).get("bestMatches", [])
    if not isinstance(matches, list):
        raise PayloadError(f"{where}: bestMatches is no list")
    found = []
    for each in matches:
        if not isinstance(each, dict):
            raise PayloadError(f"{where}: {each!r:.80} came in place of a match")
        row = {_NUMBERED.sub("", name): str(value) for name, value in each.items()}
        need(row, _REQUIRED_SEARCH, where)
        found.append(row)
    return found


Raw = Mapping[str, object]


class _Kind(NamedTuple):
    function: str
    kind: str
    day: str
    figure: str
    field: str


_SPLITS: Final = _Kind("SPLITS", "split", "effective_date", "split_factor", "ratio")
_DIVIDENDS: Final = _Kind("DIVIDENDS", "dividend", "ex_dividend_date", "amount", "amount")


def read_splits(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the splits in a body, JSON or CSV, oldest first."""
    return _read(body, ticker, _SPLITS)


def read_dividends(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the dividends in a body, JSON or CSV, oldest first, one for each day."""
    return _read(body, ticker, _DIVIDENDS)


def _read(body: bytes, ticker: Ticker | None, kind: _Kind) -> list[CorporateAction]:
    where = bodies.place(kind.function, ticker)
    about, rows = _rows_actions(body, ticker, kind, where)
    with models_of(where):
        return one_a_day(_action(about, raw, kind, where) for raw in rows)


def _rows_actions(
    body: bytes, ticker: Ticker | None, kind: _Kind, where: str
) -> tuple[Ticker, Sequence[Raw]]:
    """Return whom a body is about, and its rows; a table does not say whom."""
    if not bodies.is_json(body):
        return ticker or "", bodies.table(body, where, (kind.day, kind.figure))
    found = bodies.document(body, where, ("symbol", "data"))
    rows = found.get("data") or []
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise PayloadError(f"{where}: data is no list of objects")
    return canonical(str(found.get("symbol", ticker))), rows


def _action(ticker: Ticker, raw: Raw, kind: _Kind, where: str) -> CorporateAction:
    need(raw, (kind.day, kind.figure), where)
    read = {kind.day, kind.figure}
    said = {name: plain(value) for name, value in raw.items() if name not in read}
    return CorporateAction.model_validate(
        {
            **said,
            "ticker": ticker,
            "kind": kind.kind,
            "exDate": raw[kind.day],
            kind.field: Decimal(str(raw[kind.figure])),
        }
    )


_REQUIRED_NEWS: Final = ("title", "time_published", "source")
_READ: Final = frozenset(
    {
        *_REQUIRED_NEWS,
        "overall_sentiment_label",
        "overall_sentiment_score",
        "summary",
        "ticker_sentiment",
        "topics",
        "url",
    }
)
_STAMP: Final = re.compile(r"\d{8}T\d{4}(\d{2})?")


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
    need(raw, _REQUIRED_NEWS, where)
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
