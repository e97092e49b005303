"""Alpaca's responses: how it spells tickers, and how its pages are read."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from ...domain.adjustment import CorporateAction, one_a_day
from ...domain.companies import Asset, DataSet
from ...domain.model import Ticker, blank_to_none
from ...domain.news import NewsArticle, TickerSentiment
from ...domain.prices import PriceSeries
from ...errors import PayloadError
from ...provider_port import ProviderFormat, Unreadable
from ..parsing import (
    builder,
    check_json,
    clean_fields,
    decode,
    is_ticker,
    named_parsers,
    payload_errors,
    series_of,
)

T = TypeVar("T")
Raw = dict[str, Any]

_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.PR([A-Z])")
_CANONICAL_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.P([A-Z])")
_NEW_YORK: Final = "America/New_York"
_FIELDS: Final = {
    "bars": "stocks_bars",
    "corporate_actions": "corporate_actions",
    "news": "news",
    "snapshots": "snapshots",
    "session_open": "calendar",
    "tradable": "assets",
}
"""The function by a field that only its responses have."""
_FULL_RELEVANCE: Final = Decimal(1)
"""Alpaca names the companies of an article, but not how relevant it is to them."""


def canonical(symbol: str) -> Ticker:
    """Return a symbol in the stored form: `ABR.PD` for `ABR.PRD`. It may not be a ticker at all."""
    text = symbol.strip().upper()
    match = _PREFERRED.fullmatch(text)
    return f"{match[1]}.P{match[2]}" if match else text


def spelled(ticker: Ticker) -> str:
    """Return a ticker as Alpaca spells it."""
    match = _CANONICAL_PREFERRED.fullmatch(ticker)
    return f"{match[1]}.PR{match[2]}" if match else ticker


@lru_cache(maxsize=1 << 15)
def _ticker_of(symbol: str) -> Ticker | None:
    ticker = canonical(symbol)
    return ticker if is_ticker(ticker) else None


class Page(NamedTuple, Generic[T]):
    """The records of a page; `token` requests the next page, `None` ends the list."""

    records: list[T]
    token: str | None


class _Asset(msgspec.Struct, gc=False):
    symbol: str
    status: Literal["active", "inactive"]
    name: str | None = None
    exchange: str | None = None
    asset_type: str | None = msgspec.field(default=None, name="class")


_new_asset: Final = builder(Asset)


def parse_assets(body: bytes, ticker: Ticker | None = None) -> list[Asset]:  # noqa: ARG001
    """Return the assets, each ticker once; placeholders are left out.

    Of several assets with one ticker the active one counts, then one that can be traded, then one
    with a name, then the first: a reused ticker is that of the new company.
    """
    content = decode(body)
    raws = [content] if isinstance(content, dict) else content
    assets: dict[Ticker, Asset] = {}
    for shape, raw in zip(msgspec.convert(raws, list[_Asset]), raws, strict=True):
        about = _ticker_of(shape.symbol)
        if about is not None:
            asset = _asset(about, raw)
            if about not in assets or _claim(asset) > _claim(assets[about]):
                assets[about] = asset
    return list(assets.values())


def _asset(ticker: Ticker, raw: Raw) -> Asset:
    """Return an asset of a checked object, of which the unknown fields are left."""
    take = raw.pop
    values = {
        "ticker": ticker,
        "name": blank_to_none(take("name", None)),
        "exchange": blank_to_none(take("exchange", None)),
        "asset_type": blank_to_none(take("class", None)),
        "status": take("status"),
    }
    del raw["symbol"]
    return _new_asset(values, clean_fields(raw))


def _claim(asset: Asset) -> tuple[bool, bool, bool]:
    tradable = (asset.model_extra or {}).get("tradable")
    return asset.status == "active", tradable is True, asset.name is not None


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A bar of a page; `t` is when it begins."""

    t: str
    o: float
    h: float
    l: float  # noqa: E741 - Alpaca's name
    c: float
    v: int


class _BarsPage(msgspec.Struct, frozen=True):
    """Bars by symbol, without companies that are unknown or did not trade."""

    bars: dict[str, list[Bar]] | list[Bar] | None
    next_page_token: str | None
    symbol: str | None = None

    def by_ticker(self) -> Mapping[Ticker, Sequence[Bar]]:
        """Return the bars of each company, whether one was requested or several."""
        if isinstance(self.bars, dict):
            return {canonical(symbol): bars for symbol, bars in self.bars.items() if bars}
        if self.bars and self.symbol is None:
            raise PayloadError("symbol is missing")
        return {canonical(self.symbol or ""): self.bars} if self.bars else {}


_BARS_PAGE: Final = msgspec.json.Decoder(_BarsPage)


def bars_page(body: bytes) -> Page[tuple[Ticker, Sequence[Bar]] | Unreadable]:
    """Return the bars of each company on a page; what cannot be read of one stays its problem."""
    try:
        page = _BARS_PAGE.decode(body)
        check_json("bars", body)
    except (msgspec.MsgspecError, PayloadError) as error:
        return _readable_bars(body, error)
    return Page(list(page.by_ticker().items()), page.next_page_token or None)


class _RawPage(msgspec.Struct, frozen=True):
    bars: dict[str, msgspec.Raw]
    next_page_token: str | None


def _readable_bars(
    body: bytes, error: Exception
) -> Page[tuple[Ticker, Sequence[Bar]] | Unreadable]:
    """Return what can be read of a page; raise the error where nobody alone is to blame for it."""
    try:
        page = msgspec.json.decode(body, type=_RawPage)
    except msgspec.MsgspecError:
        raise error from None
    bars: list[tuple[Ticker, Sequence[Bar]]] = []
    unreadable: list[Unreadable] = []
    for symbol, raw in page.bars.items():
        ticker = canonical(symbol)
        try:
            with payload_errors(ticker):
                bars.append((ticker, msgspec.json.decode(raw, type=list[Bar])))
                check_json("bars", bytes(raw))
        except PayloadError as problem:
            unreadable.append(Unreadable(ticker, str(problem)))
    if not bars or not unreadable:
        raise error
    blamed = {ticker for ticker, _ in unreadable}
    readable = [entry for entry in bars if entry[0] not in blamed]
    return Page([*readable, *unreadable], page.next_page_token or None)


def daily_series(ticker: Ticker, bars: Iterable[Bar]) -> PriceSeries:
    """Return daily bars as a series, oldest first."""
    ordered = sorted(bars, key=attrgetter("t"))
    prices = [[*map(attrgetter(name), ordered)] for name in "ohlc"]
    days = [_day(bar.t) for bar in ordered]
    return series_of(ticker, days, prices, [bar.v for bar in ordered])


@lru_cache(maxsize=1 << 15)
def _day(stamp: str) -> int:
    """Return the ordinal of the day that begins at an instant, as daily bars do in New York."""
    begin = datetime.fromisoformat(stamp)
    local = begin.astimezone(ZoneInfo(_NEW_YORK))
    if begin.tzinfo is None or local.time() != time():
        raise ValueError(f"the bar of {stamp} is not a daily one")
    return local.toordinal()


def parse_daily_bars(body: bytes, ticker: Ticker | None = None) -> list[PriceSeries]:  # noqa: ARG001
    """Return the daily bars of a page, one series for each company."""
    return [daily_series(*entry) for entry in _BARS_PAGE.decode(body).by_ticker().items()]


def parse_readable_bars(
    body: bytes, ticker: Ticker | None = None
) -> Sequence[PriceSeries | Unreadable]:
    """Return the daily bars of a page, and what is wrong with those of some companies."""
    series = all_series(bars_page(body).records)
    if len(series) == 1 and isinstance(series[0], Unreadable):
        return parse_daily_bars(body, ticker)  # which says what is wrong
    return series


def all_series(
    records: Iterable[tuple[Ticker, Sequence[Bar]] | Unreadable],
) -> list[PriceSeries | Unreadable]:
    """Return the daily bars of each company, or what is wrong with them."""
    rows = defaultdict[Ticker, list[Bar]](list)
    unreadable: dict[Ticker, Unreadable] = {}
    for record in records:
        if isinstance(record, Unreadable):
            unreadable[record.ticker] = record
        else:
            rows[record[0]] += record[1]
    series: list[PriceSeries | Unreadable] = list(unreadable.values())
    for ticker in rows.keys() - unreadable.keys():
        try:
            with payload_errors(ticker):
                series.append(daily_series(ticker, rows[ticker]))
        except PayloadError as error:
            series.append(Unreadable(ticker, str(error)))
    return series


class _Dividend(msgspec.Struct):
    symbol: str
    ex_date: date
    rate: Decimal


class _Split(msgspec.Struct):
    symbol: str
    ex_date: date
    new_rate: Decimal
    old_rate: Decimal


class _Actions(msgspec.Struct):
    cash_dividends: list[_Dividend] | None = None
    forward_splits: list[_Split] | None = None
    reverse_splits: list[_Split] | None = None
    stock_dividends: list[_Dividend] | None = None


class _ActionsPage(msgspec.Struct):
    corporate_actions: _Actions | None
    next_page_token: str | None


def actions_page(body: bytes) -> Page[CorporateAction]:
    """Return the splits and dividends of a page; a dividend in shares is a split."""
    content = decode(body)
    page = msgspec.convert(content, _ActionsPage)
    actions = [
        _action(action, raw, kind)
        for kind in _Actions.__struct_fields__
        for action, raw in zip(
            getattr(page.corporate_actions, kind, None) or (),
            (content["corporate_actions"] or {}).get(kind) or (),
            strict=True,
        )
        if _ticker_of(action.symbol)
    ]
    return Page(actions, page.next_page_token or None)


def _action(action: _Dividend | _Split, raw: Raw, kind: str) -> CorporateAction:
    if isinstance(action, _Split):
        figure = {"kind": "split", "ratio": action.new_rate / action.old_rate}
    elif kind == "stock_dividends":
        figure = {"kind": "split", "ratio": 1 + action.rate}
    else:
        figure = {"kind": "dividend", "amount": action.rate}
    ticker = canonical(action.symbol)
    fields = clean_fields(raw, ("symbol", "ex_date"))
    return CorporateAction.model_validate(
        {**fields, **figure, "ticker": ticker, "exDate": action.ex_date, "type": kind}
    )


def parse_actions(body: bytes, ticker: Ticker | None = None) -> list[CorporateAction]:  # noqa: ARG001
    """Return the splits and dividends of a page, oldest first."""
    return one_a_day(actions_page(body).records)


class _Article(msgspec.Struct, gc=False):
    id: int | str
    headline: str | None
    created_at: Annotated[datetime, msgspec.Meta(tz=True)]
    summary: str | None = None
    url: str | None = None
    source: str | None = None
    symbols: tuple[str, ...] | None = ()


_new_article: Final = builder(NewsArticle)


class _NewsPage(msgspec.Struct):
    news: list[_Article] | None
    next_page_token: str | None


def news_page(body: bytes) -> Page[NewsArticle]:
    """Return the articles of a page, in its order."""
    content = decode(body)
    page = msgspec.convert(content, _NewsPage)
    articles = list(map(_article, page.news or (), content["news"] or ()))
    return Page(articles, page.next_page_token or None)


def _article(article: _Article, raw: Raw) -> NewsArticle:
    """Return an article of a checked object, of which the unknown fields are left."""
    take = raw.pop
    url, summary = blank_to_none(take("url", None)), blank_to_none(take("summary", None))
    title = blank_to_none(take("headline")) or summary or url
    if title is None:
        raise ValueError("an article has neither headline, summary nor address")
    source = blank_to_none(take("source", None))
    values = {
        "id": f"alpaca-{take('id')}",
        "published_at": article.created_at.astimezone(UTC),
        "title": title,
        "summary": summary,
        "url": url,
        "source": source or urlsplit(str(url or "")).hostname or "alpaca",
        "tickers": _mentions(article.symbols),
    }
    del raw["created_at"]
    take("symbols", None)
    return _new_article(values, clean_fields(raw))


@lru_cache(maxsize=1 << 15)
def _mentions(symbols: tuple[str, ...] | None) -> tuple[TickerSentiment, ...]:
    tickers = filter(None, map(_ticker_of, dict.fromkeys(symbols or ())))
    return tuple(TickerSentiment(ticker=ticker, relevance=_FULL_RELEVANCE) for ticker in tickers)


def parse_news(body: bytes, ticker: Ticker | None = None) -> list[NewsArticle]:  # noqa: ARG001
    """Return the articles of a page."""
    return news_page(body).records


def functions_like(body: bytes) -> Collection[str]:
    """Return the function that returns something like a body; none if it could be anything."""
    try:
        content = msgspec.json.decode(
            body, type=dict[str, msgspec.Raw] | list[dict[str, msgspec.Raw]]
        )
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ()
    first = content if isinstance(content, dict) else next(iter(content), {})
    return [function for field, function in _FIELDS.items() if field in first][:1]


def _is_whole(function: str, count: int) -> bool:  # noqa: ARG001 - all pages are recorded
    return function != "news"


FORMAT: Final = ProviderFormat(
    parsers=named_parsers(
        "alpaca",
        {
            "assets": parse_assets,
            "corporate_actions": parse_actions,
            "news": parse_news,
            "stocks_bars": parse_readable_bars,
        },
    ),
    canonical=canonical,
    data_sets={
        "corporate_actions": DataSet.PRICES,
        "news": DataSet.NEWS,
        "stocks_bars": DataSet.PRICES,
    },
    action_functions=frozenset({"corporate_actions"}),
    is_whole=_is_whole,
    functions_like=functions_like,
    checked=frozenset({"stocks_bars"}),
    symbols=lambda request: [symbol for symbol in request.get("symbols", "").split(",") if symbol],
)
