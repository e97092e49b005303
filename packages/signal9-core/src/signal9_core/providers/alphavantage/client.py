"""AlphaVantage over HTTP: one method for each function."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain.adjustment import CorporateAction
from ...domain.companies import Asset, CompanyOverview
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.reports import Earnings, EarningsCalendarEntry, Report, Statement
from ...errors import PayloadError
from ...ports import Clock, utc_now
from ...provider_port import Quota, RawCache
from ..http import ProviderHttp, ProviderRequest, require_key
from . import NEWS_LIMIT
from .lists import parse_listing, parse_news
from .prices import Daily, parse_daily, parse_dividends, parse_splits
from .reports import parse_calendar, parse_earnings, parse_overview, parse_statements
from .responses import spelled

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
        return self._records("SPLITS", ticker, parse_splits)

    def dividends(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every dividend, oldest first."""
        return self._records("DIVIDENDS", ticker, parse_dividends)

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the description of a company; `None` if there is none."""

        def parse(body: bytes) -> CompanyOverview | None:
            overview = parse_overview(body, ticker)
            _check_ticker(ticker, () if overview is None else (overview.ticker,))
            return overview

        return self._get("OVERVIEW", ticker, parse)

    def statements(self, ticker: Ticker, kind: type[S]) -> list[S]:
        """Return every statement of a kind, annual before quarterly."""
        return self._records(kind.kind.upper(), ticker, partial(parse_statements, kind=kind))

    def earnings(self, ticker: Ticker) -> list[Earnings]:
        """Return earnings by finished year and by quarter."""
        return self._records("EARNINGS", ticker, parse_earnings)

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
        articles: dict[str, NewsArticle] = {}
        until: datetime | None = None
        while True:
            page = self._news_page(ticker, since, until)
            fresh = [article for article in page if article.id not in articles]
            articles |= {article.id: article for article in fresh}
            if since is None or len(page) < NEWS_LIMIT or not fresh:
                break
            until = min(article.published_at for article in page) + _MINUTE
        return [
            article
            for article in articles.values()
            if since is None or article.published_at >= since
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
        filled = {name: value for name, value in params.items() if value}
        request = _request("NEWS_SENTIMENT", filled, ticker)
        return self.http.get(request, lambda body: parse_news(body, ticker))

    def _series(self, function: str, ticker: Ticker, *, full: bool) -> Daily | None:
        def parse(body: bytes) -> Daily | None:
            daily = parse_daily(body, ticker)
            _check_ticker(ticker, () if daily is None else (daily.series.ticker,))
            return daily

        return self._get(function, ticker, parse, outputsize="full" if full else "compact")

    def _records(
        self, function: str, ticker: Ticker, parse: Callable[[bytes, Ticker], list[R]]
    ) -> list[R]:
        def parse_own(body: bytes) -> list[R]:
            records = parse(body, ticker)
            _check_ticker(ticker, (record.ticker for record in records))
            return records

        return self._get(function, ticker, parse_own)

    def _get(
        self, function: str, ticker: Ticker | None, parse: Callable[[bytes], T], **params: str
    ) -> T:
        symbol = {} if ticker is None else {"symbol": spelled(ticker)}
        return self.http.get(_request(function, symbol | params, ticker), parse)


def _request(function: str, params: dict[str, str], ticker: Ticker | None) -> ProviderRequest:
    return ProviderRequest(function, "/query", {"function": function, **params}, ticker)


def _check_ticker(ticker: Ticker, tickers: Iterable[Ticker]) -> None:
    """Raise if a response is about another company than was requested."""
    others = sorted(set(tickers) - {ticker})
    if others:
        raise PayloadError(f"the response is about {', '.join(others)}")
