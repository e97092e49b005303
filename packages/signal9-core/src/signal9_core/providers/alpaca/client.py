"""Alpaca over HTTP: many companies at once, every page of every answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain import (
    Asset,
    CorporateAction,
    IntradayInterval,
    NewsArticle,
    PriceSeries,
    Ticker,
    one_a_day,
)
from ...errors import PayloadError
from ...ports import Clock, Quota, RawCache, utc_now
from ..http import (
    KeyedTransport,
    NoCache,
    NoQuota,
    Question,
    Redactor,
    Source,
    checked_key,
    open_http,
)
from .parsers import (
    ActionsPage,
    BarsPage,
    NewsPage,
    RawBar,
    daily_series,
    intraday_series,
    place,
    read_actions_page,
    read_assets,
    read_bars,
    read_news_page,
    spelled,
)

__all__ = ["AlpacaClient", "Feed", "Timeframe"]

Feed = Literal["iex", "sip"]
Timeframe = Literal["1Min", "5Min", "15Min", "30Min", "1Hour"]

_LENGTHS: Final[Mapping[Timeframe, IntradayInterval]] = {
    "1Min": IntradayInterval.ONE_MINUTE,
    "5Min": IntradayInterval.FIVE_MINUTES,
    "15Min": IntradayInterval.FIFTEEN_MINUTES,
    "30Min": IntradayInterval.HALF_HOUR,
    "1Hour": IntradayInterval.HOUR,
}
_TRADING_URL: Final = "https://paper-api.alpaca.markets"
_DATA_URL: Final = "https://data.alpaca.markets"
_ORIGIN: Final = "https://alpaca.markets"
_BARS_LIMIT: Final = "10000"
_ACTIONS_LIMIT: Final = "1000"
_NEWS_LIMIT: Final = "50"
_READ_ACTIONS: Final = "cash_dividend,forward_split,reverse_split,stock_dividend"

Params = Mapping[str, str]
P = TypeVar("P")


class AlpacaClient:
    """Asks Alpaca; every method raises the `ProviderError` that fits, or answers with every page.

    Tickers are in the stored form. The keys are added where a request leaves the process.
    """

    def __init__(
        self,
        key: SecretStr | None,
        secret: SecretStr | None,
        *,
        trading_url: str = _TRADING_URL,
        data_url: str = _DATA_URL,
        feed: Feed = "sip",
        quota: Quota | None = None,
        cache: RawCache | None = None,
        clock: Clock = utc_now,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        keys = {
            "APCA-API-KEY-ID": checked_key(key, "SIGNAL9_ALPACA_KEY", _ORIGIN),
            "APCA-API-SECRET-KEY": checked_key(secret, "SIGNAL9_ALPACA_SECRET", _ORIGIN),
        }
        keyed = KeyedTransport(transport or httpx2.HTTPTransport(), headers=keys)
        redactor = Redactor(each.get_secret_value() for each in keys.values())
        self._feed = feed
        self._trading, self._data = (
            Source(
                "alpaca",
                open_http(url, keyed),
                redactor,
                quota or NoQuota(),
                cache or NoCache(),
                clock,
            )
            for url in (trading_url, data_url)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._trading.http.close()
        self._data.http.close()

    def assets(self, status: Literal["active", "inactive"] | None = "active") -> list[Asset]:
        """Return the shares that are traded, or were; each ticker once."""
        params = {"asset_class": "us_equity"} | ({} if status is None else {"status": status})
        return self._trading.ask(Question("assets", "/v2/assets", params), read_assets)

    def daily_bars(
        self, tickers: Sequence[Ticker], first: date | None = None, last: date | None = None
    ) -> dict[Ticker, PriceSeries]:
        """Return days of trading as traded, both days included; who is not there has none."""
        params = _span(first, last) | {"timeframe": "1Day"}
        found = self._bars("stocks_bars", tickers, params)
        where = place("stocks_bars", None)
        return {each: daily_series(each, bars, where) for each, bars in found.items()}

    def intraday_bars(
        self,
        tickers: Sequence[Ticker],
        timeframe: Timeframe,
        first: datetime | date,
        last: datetime | date | None = None,
    ) -> dict[Ticker, PriceSeries]:
        """Return bars shorter than a day, both ends included, oldest first."""
        function = f"stocks_bars_{timeframe}"
        found = self._bars(function, tickers, _span(first, last) | {"timeframe": timeframe})
        where = place(function, None)
        length = _LENGTHS[timeframe]
        return {each: intraday_series(each, bars, length, where) for each, bars in found.items()}

    def corporate_actions(
        self, tickers: Sequence[Ticker], first: date | None = None, last: date | None = None
    ) -> list[CorporateAction]:
        """Return splits and dividends by their ex-date, both days included, oldest first."""
        params = {
            **_span(first, last),
            "symbols": _symbols(tickers),
            "types": _READ_ACTIONS,
            "limit": _ACTIONS_LIMIT,
        }
        question = Question("corporate_actions", "/v1/corporate-actions", params, _only(tickers))
        where = place("corporate_actions", _only(tickers))

        def read(body: bytes) -> ActionsPage:
            return read_actions_page(body, where)

        pages = self._pages(question, read, _token)
        return one_a_day(each for page in pages for each in page.actions)

    def news(
        self,
        tickers: Sequence[Ticker] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[NewsArticle]:
        """Return articles, latest first, each once; of all companies where none is named."""
        named = {"symbols": _symbols(tickers)} if tickers else {}
        params = {**_span(since, until), **named, "limit": _NEWS_LIMIT}
        question = Question("news", "/v1beta1/news", params, _only(tickers))
        where = place("news", _only(tickers))

        def read(body: bytes) -> NewsPage:
            return read_news_page(body, where)

        pages = self._pages(question, read, _token)
        # An article that changes while pages are turned comes twice; its first form is the later.
        found: dict[str, NewsArticle] = {}
        for article in (each for page in pages for each in page.articles):
            found.setdefault(article.id, article)
        return list(found.values())

    def _bars(
        self, function: str, tickers: Sequence[Ticker], span: Params
    ) -> dict[Ticker, list[RawBar]]:
        params = {
            **span,
            "symbols": _symbols(tickers),
            "adjustment": "raw",
            "feed": self._feed,
            "limit": _BARS_LIMIT,
            "sort": "asc",
        }
        question = Question(function, "/v2/stocks/bars", params, _only(tickers))
        where = place(function, _only(tickers))
        found: dict[Ticker, list[RawBar]] = {}

        def read(body: bytes) -> BarsPage:
            return read_bars(body, where)

        for page in self._pages(question, read, lambda page: page.next_page_token):
            for ticker, bars in page.by_ticker(where).items():
                found.setdefault(ticker, []).extend(bars)
        return found

    def _pages(
        self, question: Question, read: Callable[[bytes], P], token_of: Callable[[P], str | None]
    ) -> Iterator[P]:
        """Yield every page; a token that comes again would turn them for ever, and raises."""
        seen: set[str] = set()
        page = self._data.ask(question, read)
        yield page
        while token := token_of(page):
            if token in seen:
                where = place(question.function, question.ticker)
                raise PayloadError(f"{where}: page token {token!r:.80} repeats")
            seen.add(token)
            turned = {**question.params, "page_token": token}
            page = self._data.ask(question._replace(params=turned), read)
            yield page


def _token(page: ActionsPage | NewsPage) -> str | None:
    return page.token


def _symbols(tickers: Sequence[Ticker]) -> str:
    return ",".join(spelled(each) for each in tickers)


def _only(tickers: Sequence[Ticker]) -> Ticker | None:
    return tickers[0] if len(tickers) == 1 else None


def _span(first: date | None, last: date | None) -> dict[str, str]:
    ends = {"start": first, "end": last}
    return {name: _moment(each) for name, each in ends.items() if each is not None}


def _moment(moment: date) -> str:
    return moment.isoformat().replace("+00:00", "Z")
