"""Alpaca over HTTP: every page of every list."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain.adjustment import CorporateAction, one_a_day
from ...domain.companies import Asset, DataSet, ListName
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.prices import PriceSeries
from ...domain.reports import ALL_REPORTS, EarningsCalendarEntry, ReportKind
from ...errors import PayloadError
from ...ports import Clock, utc_now
from ...provider_port import Financials, History, Quota, RawCache
from ..calendar import last_finished_day
from ..http import ProviderHttp, ProviderRequest, require_key
from ..parsing import label, payload_errors
from . import FIRST_DAY, NEWS_SPAN, NOTICE
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

_TRADING_URL: Final = "https://paper-api.alpaca.markets"
_DATA_URL: Final = "https://data.alpaca.markets"
_KEY_PAGE: Final = "https://alpaca.markets"
_BARS_LIMIT: Final = "10000"
_ACTIONS_LIMIT: Final = "1000"
_NEWS_LIMIT: Final = "50"
_ACTION_TYPES: Final = "cash_dividend,forward_split,reverse_split,stock_dividend"


class AlpacaClient:
    """A `Provider` backed by Alpaca; every method returns all pages or raises `ProviderError`.

    Tickers are in the stored form (`ABR.PD`).
    """

    name = "alpaca"
    notice = NOTICE
    calls: Mapping[DataSet | ListName, int] = {"listing": 1, DataSet.PRICES: 2, DataSet.NEWS: 1}

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
        self._clock = clock
        self.trading, self.data = (
            ProviderHttp(
                self.name,
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

    def retrieved_at(self) -> datetime:
        """Return the current time."""
        return self._clock()

    def covered(self) -> Sequence[Ticker] | None:
        """Return `None`: there are too many companies to name."""
        return None

    def complete(self, data_set: DataSet, count: int) -> bool:  # noqa: ARG002 - every page is read
        """Return whether a result is all there is; news begin with the first request."""
        return data_set is not DataSet.NEWS

    def assets(self) -> list[Asset]:
        """Return the shares that are traded, each ticker once."""
        params = {"asset_class": "us_equity", "status": "active"}
        return self.trading.get(ProviderRequest("assets", "/v2/assets", params), parse_assets)

    def overview(self, ticker: Ticker) -> None:
        """Return `None`: Alpaca has no descriptions."""

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars, splits and dividends of finished days since a day."""
        begin, end = since or FIRST_DAY, last_finished_day(self._clock())
        bars = self.daily_bars([ticker], begin, end).get(ticker) if begin <= end else None
        if bars is None:
            return None
        actions = self.corporate_actions([ticker], begin, end)
        return History(bars, actions, ((begin, bars.day(-1)),), complete=begin <= FIRST_DAY)

    def financials(
        self,
        ticker: Ticker,  # noqa: ARG002
        kinds: Collection[ReportKind] = ALL_REPORTS,  # noqa: ARG002
    ) -> Financials:
        """Return nothing: Alpaca has no reports."""
        return Financials()

    def calendar(self) -> Sequence[EarningsCalendarEntry]:
        """Return nothing: Alpaca has no earnings calendar."""
        return ()

    def news(self, ticker: Ticker, since: datetime | None = None) -> list[NewsArticle]:
        """Return all articles since an instant, or of the last ninety days, latest first."""
        start = (since or self._clock() - NEWS_SPAN).astimezone(UTC)
        params = {**_span(start, None), "symbols": spelled(ticker), "limit": _NEWS_LIMIT}
        request = ProviderRequest("news", "/v1beta1/news", params, ticker)
        # An article that is updated between two pages occurs on both; the first is the newer one.
        articles: dict[str, NewsArticle] = {}
        for article in self._records(request, news_page):
            articles.setdefault(article.id, article)
        return list(articles.values())

    def daily_bars(
        self, tickers: Sequence[Ticker], first: date | None = None, last: date | None = None
    ) -> Mapping[Ticker, PriceSeries]:
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
        with payload_errors(label(self.name, request.function, request.ticker)):
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

    def _records(self, request: ProviderRequest, parse: Callable[[bytes], Page[T]]) -> Iterator[T]:
        """Yield the records of every page; a repeated page token would never end, and raises."""
        tokens: set[str] = set()
        params = request.params
        while True:
            page = self.data.get(request._replace(params=params), lambda body, _: parse(body))
            yield from page.records
            if page.token is None:
                return
            if page.token in tokens:
                where = label(self.name, request.function, request.ticker)
                raise PayloadError(f"{where}: page token {page.token!r:.80} repeats")
            tokens.add(page.token)
            params = {**request.params, "page_token": page.token}


def _symbols(tickers: Sequence[Ticker]) -> str:
    return ",".join(map(spelled, tickers))


def _only(tickers: Sequence[Ticker]) -> Ticker | None:
    return tickers[0] if len(tickers) == 1 else None


def _span(first: date | None, last: date | None) -> dict[str, str]:
    ends = {"start": first, "end": last}
    return {
        name: end.isoformat().replace("+00:00", "Z")
        for name, end in ends.items()
        if end is not None
    }
