"""Alpaca over HTTP: several companies at once, every page of every list."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain.adjustment import CorporateAction, one_a_day
from ...domain.companies import Asset
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.prices import PriceSeries
from ...errors import PayloadError
from ...ports import Clock, utc_now
from ...provider_port import Quota, RawCache
from ..http import ProviderHttp, ProviderRequest, require_key
from ..parsing import label, payload_errors
from .parsers import (
    Bar,
    Page,
    actions_page,
    bars_page,
    daily_series,
    news_page,
    parse_assets,
    spelled,
)

__all__ = ["AlpacaClient"]

T = TypeVar("T")
Params = Mapping[str, str]

_TRADING_URL: Final = "https://paper-api.alpaca.markets"
_DATA_URL: Final = "https://data.alpaca.markets"
_KEY_PAGE: Final = "https://alpaca.markets"
_BARS_LIMIT: Final = "10000"
_ACTIONS_LIMIT: Final = "1000"
_NEWS_LIMIT: Final = "50"
_ACTION_TYPES: Final = "cash_dividend,forward_split,reverse_split,stock_dividend"


class AlpacaClient:
    """A client of Alpaca; every method returns all pages or raises `ProviderError`.

    Tickers are in the stored form (`ABR.PD`).
    """

    def __init__(
        self,
        key: SecretStr | None,
        secret: SecretStr | None,
        *,
        trading_url: str = _TRADING_URL,
        data_url: str = _DATA_URL,
        feed: Literal["sip", "iex"] = "sip",
        quota: Quota | None = None,
        cache: RawCache | None = None,
        clock: Clock = utc_now,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        keys = {
            "APCA-API-KEY-ID": require_key(key, "SIGNAL9_ALPACA_KEY", _KEY_PAGE),
            "APCA-API-SECRET-KEY": require_key(secret, "SIGNAL9_ALPACA_SECRET", _KEY_PAGE),
        }
        self._feed = feed
        self.trading, self.data = (
            ProviderHttp.open(
                "alpaca",
                url,
                headers=keys,
                quota=quota,
                cache=cache,
                clock=clock,
                transport=transport,
            )
            for url in (trading_url, data_url)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.trading.close()
        self.data.close()

    def assets(self) -> list[Asset]:
        """Return the shares that are traded, each ticker once."""
        params = {"asset_class": "us_equity", "status": "active"}
        return self.trading.get(ProviderRequest("assets", "/v2/assets", params), parse_assets)

    def daily_bars(
        self, tickers: Sequence[Ticker], first: date | None = None, last: date | None = None
    ) -> dict[Ticker, PriceSeries]:
        """Return daily bars as traded, both days included, of the companies that have any."""
        params = {
            **_span(first, last),
            "timeframe": "1Day",
            "symbols": _symbols(tickers),
            "adjustment": "raw",
            "feed": self._feed,
            "limit": _BARS_LIMIT,
            "sort": "asc",
        }
        request = ProviderRequest("stocks_bars", "/v2/stocks/bars", params, _only(tickers))
        bars = defaultdict[Ticker, list[Bar]](list)
        for ticker, some in self._records(request, bars_page):
            bars[ticker] += some
        with payload_errors(label("alpaca", "stocks_bars", _only(tickers))):
            return {ticker: daily_series(ticker, rows) for ticker, rows in bars.items()}

    def corporate_actions(
        self, tickers: Sequence[Ticker], first: date | None = None, last: date | None = None
    ) -> list[CorporateAction]:
        """Return splits and dividends by ex-date, both days included, oldest first."""
        params = {
            **_span(first, last),
            "symbols": _symbols(tickers),
            "types": _ACTION_TYPES,
            "limit": _ACTIONS_LIMIT,
        }
        path = "/v1/corporate-actions"
        request = ProviderRequest("corporate_actions", path, params, _only(tickers))
        return one_a_day(self._records(request, actions_page))

    def news(
        self, tickers: Sequence[Ticker] = (), since: datetime | None = None
    ) -> list[NewsArticle]:
        """Return articles, latest first, each once; of all companies if none is named."""
        symbols = {"symbols": _symbols(tickers)} if tickers else {}
        params = {**_span(since, None), **symbols, "limit": _NEWS_LIMIT}
        request = ProviderRequest("news", "/v1beta1/news", params, _only(tickers))
        # An article that is updated between two pages occurs on both; the first is the newer one.
        articles: dict[str, NewsArticle] = {}
        for article in self._records(request, news_page):
            articles.setdefault(article.id, article)
        return list(articles.values())

    def _records(self, request: ProviderRequest, parse: Callable[[bytes], Page[T]]) -> Iterator[T]:
        """Yield the records of every page; a repeated page token would never end, and raises."""
        tokens: set[str] = set()
        page = self.data.get(request, parse)
        yield from page.records
        while page.token:
            if page.token in tokens:
                where = label("alpaca", request.function, request.ticker)
                raise PayloadError(f"{where}: page token {page.token!r:.80} repeats")
            tokens.add(page.token)
            params = {**request.params, "page_token": page.token}
            page = self.data.get(request._replace(params=params), parse)
            yield from page.records


def _symbols(tickers: Sequence[Ticker]) -> str:
    return ",".join(map(spelled, tickers))


def _only(tickers: Sequence[Ticker]) -> Ticker | None:
    return tickers[0] if len(tickers) == 1 else None


def _span(first: date | None, last: date | None) -> dict[str, str]:
    ends = {"start": first, "end": last}
    return {name: _stamp(end) for name, end in ends.items() if end is not None}


def _stamp(moment: date) -> str:
    return moment.isoformat().replace("+00:00", "Z")
