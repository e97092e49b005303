"""AlphaVantage over HTTP: what the plan allows, with no call more than needed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain.adjustment import CorporateAction
from ...domain.companies import Asset, CompanyOverview, DataSet, ListName
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.reports import (
    ALL_REPORTS,
    Earnings,
    EarningsCalendarEntry,
    Report,
    ReportKind,
    Statement,
    statement_type,
)
from ...errors import PayloadError
from ...ports import Clock, utc_now
from ...provider_port import Financials, History, Quota, RawCache
from ..calendar import last_finished_day
from ..http import Parse, ProviderHttp, ProviderRequest, require_key
from . import COMPACT_BARS, FREE_NOTICE, NEWS_LIMIT
from .news import parse_news
from .prices import Daily, parse_daily, parse_dividends, parse_splits
from .reports import parse_calendar, parse_earnings, parse_listing, parse_overview, parse_statements
from .responses import check_function, spelled

T = TypeVar("T")
S = TypeVar("S", bound=Statement)
R = TypeVar(
    "R", bound=Daily | CompanyOverview | Sequence[CorporateAction] | Sequence[Report] | None
)

_URL: Final = "https://www.alphavantage.co"
_KEY_PAGE: Final = f"{_URL}/support/#api-key"
_STAMP: Final = "%Y%m%dT%H%M"
_MINUTE: Final = timedelta(minutes=1)
_COMPACT_SPAN: Final = timedelta(days=120)
"""A compact series of a hundred bars reaches back at least this far."""


class AlphaVantageClient:
    """A `Provider` backed by AlphaVantage; a free plan gets the last hundred bars, `premium` all.

    Every method returns a complete result or raises `ProviderError`. Tickers are in the stored form
    (`BRK.B`).
    """

    name = "alphavantage"
    calls: Mapping[DataSet | ListName, int] = {
        "listing": 1,
        "calendar": 1,
        DataSet.OVERVIEW: 1,
        DataSet.PRICES: 1,
        DataSet.FINANCIALS: len(ALL_REPORTS),
        DataSet.NEWS: 1,
    }

    def __init__(
        self,
        key: SecretStr | None,
        *,
        premium: bool = False,
        base_url: str = _URL,
        quota: Quota | None = None,
        cache: RawCache | None = None,
        clock: Clock = utc_now,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        secret = require_key(key, "SIGNAL9_ALPHAVANTAGE_KEY", _KEY_PAGE)
        self.notice = None if premium else FREE_NOTICE
        self._premium = premium
        self._clock = clock
        self._http = ProviderHttp(
            self.name,
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
        self._http.close()

    def retrieved_at(self) -> datetime:
        """Return the current time."""
        return self._clock()

    def covered(self) -> Sequence[Ticker] | None:
        """Return `None`: there are too many companies to name."""
        return None

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Return whether a response is shorter than the longest possible one."""
        return data_set is not DataSet.NEWS or count < NEWS_LIMIT

    def assets(self) -> list[Asset]:
        """Return the companies listed in the United States."""
        return self._get("LISTING_STATUS", None, parse_listing, state="active")

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the description of a company; `None` if there is none."""
        return self._about("OVERVIEW", ticker, parse_overview)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars of finished days since a day; premium plans get splits and dividends."""
        full = self._premium and not self._fits_compact(since)
        get = self.daily_adjusted if self._premium else self.daily
        daily = get(ticker, full=full)
        if daily is None:
            return None
        first = daily.series.day(0)
        last = min(daily.series.day(-1), last_finished_day(self._clock()))
        reaches_start = full or len(daily.series) < COMPACT_BARS
        begin = first if since is None or (since < first and not reaches_start) else since
        return History(
            daily.series.between(begin, last),
            [action for action in daily.actions if begin <= action.ex_date <= last],
            ((begin, last),) if self._premium and begin <= last else (),
            complete=reaches_start and begin <= first,
            adjusted_closes=() if daily.adjusted is None else (daily.adjusted.until(last),),
        )

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return reports: one call for each kind, or none if the quota has fewer left today."""
        self._http.quota.require(len(kinds))
        statements = [
            statement
            for kind in ReportKind
            if kind in kinds and kind is not ReportKind.EARNINGS
            for statement in self.statements(ticker, statement_type(kind))
        ]
        earnings = self.earnings(ticker) if ReportKind.EARNINGS in kinds else ()
        return Financials(statements, earnings)

    def calendar(self) -> list[EarningsCalendarEntry]:
        """Return the announced dates of the next three months."""
        return self._get("EARNINGS_CALENDAR", None, parse_calendar, horizon="3month")

    def news(
        self, ticker: Ticker | None = None, since: datetime | None = None
    ) -> list[NewsArticle]:
        """Return articles, latest first: all `since` an instant, or the latest thousand."""
        articles: dict[str, NewsArticle] = {}
        until: datetime | None = None
        while True:
            page = self._news_page(ticker, since, until)
            fresh = {article.id: article for article in page if article.id not in articles}
            articles |= fresh
            if since is None:
                return list(articles.values())
            if len(page) < NEWS_LIMIT or not fresh:
                return [item for item in articles.values() if item.published_at >= since]
            until = min(article.published_at for article in page) + _MINUTE

    def daily(self, ticker: Ticker, *, full: bool = False) -> Daily | None:
        """Return daily bars as traded: the last hundred, or with `full` (premium) all."""
        size = "full" if full else "compact"
        return self._about("TIME_SERIES_DAILY", ticker, parse_daily, outputsize=size)

    def daily_adjusted(self, ticker: Ticker, *, full: bool = False) -> Daily | None:
        """Return daily bars with their dividends and splits (premium)."""
        size = "full" if full else "compact"
        return self._about("TIME_SERIES_DAILY_ADJUSTED", ticker, parse_daily, outputsize=size)

    def splits(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every split, oldest first."""
        return self._about("SPLITS", ticker, parse_splits)

    def dividends(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every dividend, oldest first."""
        return self._about("DIVIDENDS", ticker, parse_dividends)

    def statements(self, ticker: Ticker, kind: type[S]) -> list[S]:
        """Return every statement of a kind, annual before quarterly."""
        return self._about(kind.kind.upper(), ticker, partial(parse_statements, kind=kind))

    def earnings(self, ticker: Ticker) -> list[Earnings]:
        """Return earnings by finished year and by quarter."""
        return self._about("EARNINGS", ticker, parse_earnings)

    def _fits_compact(self, since: date | None) -> bool:
        return since is not None and self._clock().date() - since <= _COMPACT_SPAN

    def _news_page(
        self, ticker: Ticker | None, since: datetime | None, until: datetime | None
    ) -> list[NewsArticle]:
        return self._get(
            "NEWS_SENTIMENT",
            ticker,
            parse_news,
            tickers=None if ticker is None else spelled(ticker),
            time_from=None if since is None else since.strftime(_STAMP),
            time_to=None if until is None else until.strftime(_STAMP),
            sort="LATEST",
            limit=str(NEWS_LIMIT),
        )

    def _about(self, function: str, ticker: Ticker, parse: Parse[R], **params: str) -> R:
        """Return what is known of a company; `PayloadError` if the body is about another one."""

        def parse_own(body: bytes, _: object) -> R:
            parsed = parse(body, ticker)
            records: list[Any] = parsed if isinstance(parsed, list) else [parsed]
            others = {record.ticker for record in records if record is not None} - {ticker}
            if others:
                raise PayloadError(f"the response is about {', '.join(sorted(others))}")
            return parsed

        return self._get(function, ticker, parse_own, symbol=spelled(ticker), **params)

    def _get(
        self, function: str, ticker: Ticker | None, parse: Parse[T], **params: str | None
    ) -> T:
        set_params = {name: value for name, value in params.items() if value is not None}
        request = ProviderRequest(function, "/query", {"function": function, **set_params}, ticker)

        def parse_checked(body: bytes, about: Ticker | None) -> T:
            check_function(function, body)
            return parse(body, about)

        return self._http.get(request, parse_checked)
