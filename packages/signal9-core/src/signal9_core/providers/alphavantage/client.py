"""AlphaVantage over HTTP: one method for each function."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain import (
    Asset,
    CompanyOverview,
    CorporateAction,
    Earnings,
    EarningsCalendarEntry,
    NewsArticle,
    Report,
    Statement,
    Ticker,
)
from ...errors import PayloadError
from ...ports import Clock, Quota, RawCache, utc_now
from ..http import ProviderHttp, ProviderRequest, require_key
from . import NEWS_LIMIT
from .lists import parse_listing, parse_news
from .prices import Daily, parse_daily, parse_dividends, parse_splits
from .reports import parse_calendar, parse_earnings, parse_overview, parse_statements
from .responses import place, spelled

__all__ = ["AlphaVantageClient"]

T = TypeVar("T")
S = TypeVar("S", bound=Statement)
R = TypeVar("R", bound=CorporateAction | Report)

_URL: Final = "https://www.alphavantage.co"
_KEY_PAGE: Final = f"{_URL}/support/#api-key"
_STAMP: Final = "%Y%m%dT%H%M"
_MINUTE: Final = timedelta(minutes=1)


class AlphaVantageClient:
    """A client of AlphaVantage; every method returns a complete result or raises `ProviderError`.

    Tickers are in the stored form (`BRK.B`).
    """

    def __init__(
        self,
        key: SecretStr | None,
        *,
        base_url: str = _URL,
        quota: Quota | None = None,
        cache: RawCache | None = None,
        clock: Clock = utc_now,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        secret = require_key(key, "SIGNAL9_ALPHAVANTAGE_KEY", _KEY_PAGE)
        self.http = ProviderHttp.open(
            "alphavantage",
            base_url,
            params={"apikey": secret},
            quota=quota,
            cache=cache,
            clock=clock,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def daily(self, ticker: Ticker, *, full: bool = False) -> Daily | None:
        """Return daily bars as traded: the last hundred, or with `full` (premium) all."""
        return self._series("TIME_SERIES_DAILY", ticker, full=full)

    def daily_adjusted(self, ticker: Ticker, *, full: bool = False) -> Daily | None:
        """Return daily bars with their dividends and splits (premium)."""
        return self._series("TIME_SERIES_DAILY_ADJUSTED", ticker, full=full)

    def splits(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every split, oldest first."""
        return self._records("SPLITS", ticker, lambda body: parse_splits(body, ticker))

    def dividends(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every dividend, oldest first."""
        return self._records("DIVIDENDS", ticker, lambda body: parse_dividends(body, ticker))

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the description of a company; `None` if there is none."""
        overview = self._get("OVERVIEW", ticker, lambda body: parse_overview(body, ticker))
        _check_ticker(ticker, () if overview is None else (overview.ticker,), "OVERVIEW")
        return overview

    def statements(self, ticker: Ticker, kind: type[S]) -> list[S]:
        """Return every statement of a kind, annual before quarterly."""
        function = kind.kind.upper()
        return self._records(function, ticker, lambda body: parse_statements(body, ticker, kind))

    def earnings(self, ticker: Ticker) -> list[Earnings]:
        """Return earnings by finished year and by quarter."""
        return self._records("EARNINGS", ticker, lambda body: parse_earnings(body, ticker))

    def earnings_calendar(self) -> list[EarningsCalendarEntry]:
        """Return the announced dates of the next three months."""
        return self._get("EARNINGS_CALENDAR", None, parse_calendar, horizon="3month")

    def listing(self) -> list[Asset]:
        """Return the companies listed in the United States."""
        return self._get("LISTING_STATUS", None, parse_listing, state="active")

    def news(
        self, ticker: Ticker | None = None, since: datetime | None = None
    ) -> list[NewsArticle]:
        """Return articles, latest first: all `since` an instant, or the latest thousand."""
        found: dict[str, NewsArticle] = {}
        until: datetime | None = None
        while True:
            page = self._news_page(ticker, since, until)
            fresh = [article for article in page if article.id not in found]
            found |= {article.id: article for article in fresh}
            if since is None or len(page) < NEWS_LIMIT or not fresh:
                break
            until = min(article.published_at for article in page) + _MINUTE
        return [
            article for article in found.values() if since is None or article.published_at >= since
        ]

    def _news_page(
        self, ticker: Ticker | None, since: datetime | None, until: datetime | None
    ) -> list[NewsArticle]:
        params = {
            "tickers": "" if ticker is None else spelled(ticker),
            "time_from": "" if since is None else since.strftime(_STAMP),
            "time_to": "" if until is None else until.strftime(_STAMP),
            "sort": "LATEST",
            "limit": str(NEWS_LIMIT),
        }
        given = {name: value for name, value in params.items() if value}
        request = _request("NEWS_SENTIMENT", given, ticker)
        return self.http.get(request, lambda body: parse_news(body, ticker))

    def _series(self, function: str, ticker: Ticker, *, full: bool) -> Daily | None:
        size = "full" if full else "compact"
        daily = self._get(function, ticker, lambda body: parse_daily(body, ticker), outputsize=size)
        _check_ticker(ticker, () if daily is None else (daily.series.ticker,), function)
        return daily

    def _records(self, function: str, ticker: Ticker, parse: Callable[[bytes], list[R]]) -> list[R]:
        records = self._get(function, ticker, parse)
        _check_ticker(ticker, (record.ticker for record in records), function)
        return records

    def _get(
        self, function: str, ticker: Ticker | None, parse: Callable[[bytes], T], **params: str
    ) -> T:
        symbol = {} if ticker is None else {"symbol": spelled(ticker)}
        return self.http.get(_request(function, symbol | params, ticker), parse)


def _request(function: str, params: dict[str, str], ticker: Ticker | None) -> ProviderRequest:
    return ProviderRequest(function, "/query", {"function": function, **params}, ticker)


def _check_ticker(ticker: Ticker, tickers: Iterable[Ticker], function: str) -> None:
    """Raise if a response is about another company than was requested."""
    others = sorted(set(tickers) - {ticker})
    if others:
        raise PayloadError(f"{place(function, ticker)}: the response is about {', '.join(others)}")
