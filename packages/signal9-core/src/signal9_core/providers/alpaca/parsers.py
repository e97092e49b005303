"""How each function's body becomes what is stored, without the network."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from ...domain import (
    Asset,
    CorporateAction,
    DataSet,
    IntradayInterval,
    NewsArticle,
    PriceSeries,
    Ticker,
    TickerSentiment,
    article_id,
    one_a_day,
)
from ...errors import PayloadError
from ...ports import Parser
from .. import parsing as payload
from ..parsing import (
    Rows,
    fields,
    is_ticker,
    models_of,
    moments_of,
    need,
    plain,
    rows_of,
    series_of,
)

__all__ = [
    "BEGINNING",
    "DATA_SETS",
    "NEWS_SPAN",
    "NOTICE",
    "PARSERS",
    "TELL_ACTIONS",
    "ActionsPage",
    "BarsPage",
    "NewsPage",
    "Page",
    "RawBar",
    "canonical",
    "daily_series",
    "intraday_series",
    "is_whole",
    "objects",
    "page",
    "place",
    "read_actions",
    "read_actions_page",
    "read_assets",
    "read_bars",
    "read_daily_bars",
    "read_news",
    "read_news_page",
    "spelled",
]

BEGINNING: Final = date(2016, 1, 1)
"""How far back its bars reach."""
NEWS_SPAN: Final = timedelta(days=90)
"""How far back the first look at a company's news reaches, at fifty articles a call."""
NOTICE: Final = (
    f"Alpaca: prices from {BEGINNING:%Y} on; "
    f"news of the last {NEWS_SPAN.days} days when first asked."
)
"""What people must know who see its data."""


_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.PR([A-Z])")
_CANONICAL_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.P([A-Z])")


def canonical(symbol: str) -> Ticker:
    """Return a symbol of Alpaca in the one form that is stored; maybe no ticker at all."""
    text = symbol.strip().upper()
    found = _PREFERRED.fullmatch(text)
    return f"{found[1]}.P{found[2]}" if found else text


def spelled(ticker: Ticker) -> str:
    """Return a ticker as Alpaca wants to be asked for it."""
    found = _CANONICAL_PREFERRED.fullmatch(ticker)
    return f"{found[1]}.PR{found[2]}" if found else ticker


_TOKEN: Final = "next_page_token"  # noqa: S105 - a page's, and no secret


class Page(NamedTuple):
    """What a page holds under one name; `token` asks for the next page, `None` ends."""

    found: object
    token: str | None


def place(function: str, ticker: Ticker | None) -> str:
    """Return what messages call a question."""
    return f"alpaca {function}" + (f" {ticker}" if ticker else "")


def page(body: bytes, name: str, where: str) -> Page:
    """Return a page; `PayloadError` where it does not say what it holds, or what follows."""
    found = payload.decode(body, where)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: {type(found).__name__} came in place of an object")
    payload.need(found, (name, _TOKEN), where)
    token = found[_TOKEN]
    if not isinstance(token, str | None):
        raise PayloadError(f"{where}: {_TOKEN} is {token!r:.80}")
    return Page(found[name], token or None)


def objects(found: object, where: str) -> list[dict[str, object]]:
    """Return a list of objects; nothing at all is an empty one."""
    items = [] if found is None else found
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise PayloadError(f"{where}: {found!r:.80} came in place of a list of objects")
    return items


Raw = Mapping[str, object]


class ActionsPage(NamedTuple):
    """Actions; `token` asks for the next page, `None` ends."""

    actions: list[CorporateAction]
    token: str | None


class _Kind(NamedTuple):
    kind: str
    field: str
    needs: tuple[str, ...]
    figure: Callable[[Raw], Decimal]


def _number(raw: Raw, name: str) -> Decimal:
    return Decimal(str(raw[name]))


def _split(raw: Raw) -> Decimal:
    return _number(raw, "new_rate") / _number(raw, "old_rate")


def _stock_dividend(raw: Raw) -> Decimal:
    return 1 + _number(raw, "rate")


def _cash(raw: Raw) -> Decimal:
    return _number(raw, "rate")


_RATES: Final = ("new_rate", "old_rate")
_KINDS: Final[Mapping[str, _Kind]] = {
    "cash_dividends": _Kind("dividend", "amount", ("rate",), _cash),
    "forward_splits": _Kind("split", "ratio", _RATES, _split),
    "reverse_splits": _Kind("split", "ratio", _RATES, _split),
    "stock_dividends": _Kind("split", "ratio", ("rate",), _stock_dividend),
}


def read_actions_page(body: bytes, where: str) -> ActionsPage:
    """Return the splits and dividends of a page; paying in new shares is a split."""
    found, token = page(body, "corporate_actions", where)
    if not isinstance(found, dict | None):
        raise PayloadError(f"{where}: {found!r:.80} came in place of an object")
    with models_of(where):
        actions = [
            _action(raw, name, kind, where)
            for name, kind in _KINDS.items()
            for raw in objects((found or {}).get(name), where)
            if is_ticker(canonical(str(raw.get("symbol"))))
        ]
    return ActionsPage(actions, token)


def read_actions(body: bytes, ticker: Ticker | None = None) -> list[CorporateAction]:
    """Return the splits and dividends in a body, oldest first."""
    return one_a_day(read_actions_page(body, place("corporate_actions", ticker)).actions)


def _action(raw: Raw, name: str, kind: _Kind, where: str) -> CorporateAction:
    need(raw, ("symbol", "ex_date", *kind.needs), f"{where}, {name}")
    kept = {each: plain(value) for each, value in raw.items() if each != "symbol"}
    return CorporateAction.model_validate(
        {
            **kept,
            "ticker": canonical(str(raw["symbol"])),
            "kind": kind.kind,
            "exDate": raw["ex_date"],
            kind.field: kind.figure(raw),
            "type": name,
        }
    )


_REQUIRED: Final = ("symbol", "status")
_READ: Final = frozenset({"symbol", "class"})

RawAssets = dict[str, object]


def read_assets(body: bytes, ticker: Ticker | None = None) -> list[Asset]:
    """Return the assets in a body, each ticker once; what is no ticker is left out.

    Of several assets under one ticker the active one counts, then one that can be traded, then one
    that has a name, then the first: a ticker that was given to another company is the new one's.
    """
    where = place("assets", ticker)
    found = payload.decode(body, where)
    winners: dict[Ticker, RawAssets] = {}
    for raw in objects([found] if isinstance(found, dict) else found, where):
        payload.need(raw, _REQUIRED, where)
        about = canonical(str(raw["symbol"]))
        if about in winners:
            winners[about] = max(winners[about], raw, key=_claim)
        elif is_ticker(about):
            winners[about] = raw
    with models_of(where):
        return [_asset(about, raw) for about, raw in winners.items()]


def _claim(raw: RawAssets) -> tuple[bool, bool, bool]:
    return raw["status"] == "active", raw.get("tradable") is True, bool(raw.get("name"))


def _asset(ticker: Ticker, raw: RawAssets) -> Asset:
    kept = fields(raw, _READ)
    if "class" in raw:
        kept["assetType"] = plain(raw["class"])
    kept["ticker"] = ticker
    return Asset.model_validate(kept)


_NEW_YORK: Final = "America/New_York"
_STAMPS: Final = 1 << 15
"""More days than stocks have been traded electronically on."""


class RawBar(msgspec.Struct, frozen=True, gc=False):
    """A bar as it came; `t` is when it begins."""

    t: str
    o: float
    h: float
    l: float  # noqa: E741 - Alpaca's name
    c: float
    v: int


class BarsPage(msgspec.Struct, frozen=True):
    """Bars by symbol; a company that is not known, or did not trade, is not there."""

    bars: dict[str, list[RawBar]] | list[RawBar] | None
    next_page_token: str | None
    symbol: str | None = None

    def by_ticker(self, where: str) -> Mapping[Ticker, Sequence[RawBar]]:
        """Return the bars of each company, whether one was asked about or many."""
        if isinstance(self.bars, dict):
            return {canonical(symbol): bars for symbol, bars in self.bars.items() if bars}
        if not self.bars:
            return {}
        if self.symbol is None:
            raise PayloadError(f"{where}: symbol is missing")
        return {canonical(self.symbol): self.bars}


_PAGE: Final = msgspec.json.Decoder(BarsPage)


def read_bars(body: bytes, where: str) -> BarsPage:
    """Return a page; `PayloadError` names the field that is missing or is not what it should be."""
    try:
        return _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"{where}: {error}") from error


def read_daily_bars(body: bytes, ticker: Ticker | None = None) -> list[PriceSeries]:
    """Return the daily bars in a body, a series for each company."""
    where = place("stocks_bars", ticker)
    found = read_bars(body, where).by_ticker(where)
    return [daily_series(about, bars, where) for about, bars in found.items()]


def daily_series(ticker: Ticker, bars: Sequence[RawBar], where: str) -> PriceSeries:
    """Return bars of whole days as a series: each begins at midnight in New York."""
    with models_of(where):
        days = [_day(bar.t) for bar in bars]
        return series_of(ticker, _rows(days, bars), where)


def intraday_series(
    ticker: Ticker, bars: Sequence[RawBar], interval: IntradayInterval, where: str
) -> PriceSeries:
    """Return bars shorter than a day as a series."""
    with models_of(where):
        days, minutes = moments_of(_moment(bar.t) for bar in bars)
        rows = replace(_rows(days, bars), minutes=minutes, interval=interval)
        return series_of(ticker, rows, where)


def _rows(days: Sequence[int], bars: Sequence[RawBar]) -> Rows:
    prices = (
        [bar.o for bar in bars],
        [bar.h for bar in bars],
        [bar.l for bar in bars],
        [bar.c for bar in bars],
    )
    return rows_of(days, prices, [bar.v for bar in bars])


@lru_cache(maxsize=_STAMPS)
def _day(stamp: str) -> int:
    """Return the ordinal of the day that a stamp begins; thousands of companies share each."""
    local = _moment(stamp).astimezone(ZoneInfo(_NEW_YORK))
    if local.time() != time():
        raise ValueError(f"the bar of {stamp} does not span a whole day")
    return local.toordinal()


def _moment(stamp: str) -> datetime:
    found = datetime.fromisoformat(stamp)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_REQUIRED_NEWS: Final = ("id", "headline", "created_at")
_READ_NEWS: Final = frozenset({*_REQUIRED_NEWS, "source", "summary", "symbols", "url"})
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
    need(raw, _REQUIRED_NEWS, where)
    url = plain(raw.get("url"))
    return NewsArticle.model_validate(
        {
            **fields(raw, _READ_NEWS),
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


PARSERS: Final[Mapping[str, Parser]] = {
    "assets": read_assets,
    "corporate_actions": read_actions,
    "news": read_news,
    "stocks_bars": read_daily_bars,
}
"""By the path of the function, of which every body is one page."""

DATA_SETS: Final[Mapping[str, DataSet]] = {
    "corporate_actions": DataSet.PRICES,
    "news": DataSet.NEWS,
    "stocks_bars": DataSet.PRICES,
}
"""What a body about one company is about, be it empty."""

TELL_ACTIONS: Final = frozenset({"corporate_actions"})
"""Whose bodies leave out no split and no dividend of their time."""


def is_whole(function: str, count: int) -> bool:  # noqa: ARG001 - every page is kept
    """Tell whether a body with that many bars or articles is all that there is; no news are."""
    return function != "news"
