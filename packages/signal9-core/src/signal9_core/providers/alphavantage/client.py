"""AlphaVantage over HTTP: one method for each function, every answer understood."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain import (
    Asset,
    BalanceSheet,
    CashFlow,
    CompanyOverview,
    CorporateAction,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    IntradayInterval,
    NewsArticle,
    PriceSeries,
    Statement,
    Ticker,
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
from .lists import (
    SymbolMatch,
    read_calendar,
    read_dividends,
    read_listing,
    read_news,
    read_search,
    read_splits,
)
from .reports import read_earnings, read_overview, read_statements
from .symbols import NEWS_LIMIT, spelled
from .timeseries import Daily, read_daily, read_intraday

__all__ = ["AlphaVantageClient"]

T = TypeVar("T")
S = TypeVar("S", bound=Statement)

_URL: Final = "https://www.alphavantage.co"
_ORIGIN: Final = f"{_URL}/support/#api-key"
_STAMP: Final = "%Y%m%dT%H%M"
_MINUTE: Final = timedelta(minutes=1)


class AlphaVantageClient:
    """Asks AlphaVantage; every method raises the `ProviderError` that fits, or answers in full.

    Tickers are in the stored form (`BRK.B`). The key is added where a request leaves the process,
    and cut out of whatever comes back.
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
        secret = checked_key(key, "SIGNAL9_ALPHAVANTAGE_KEY", _ORIGIN)
        keyed = KeyedTransport(transport or httpx2.HTTPTransport(), params={"apikey": secret})
        self._http = open_http(base_url, keyed)
        self.source = Source(
            "alphavantage",
            self._http,
            Redactor([secret.get_secret_value()]),
            quota or NoQuota(),
            cache or NoCache(),
            clock,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def daily(self, ticker: Ticker, *, full: bool = False) -> Daily | None:
        """Return days of trading as traded: the last hundred, or `full` for premium keys."""
        return self._series("TIME_SERIES_DAILY", ticker, full=full)

    def daily_adjusted(self, ticker: Ticker, *, full: bool = False) -> Daily | None:
        """Return days of trading with adjusted closes, dividends and splits; for premium keys."""
        return self._series("TIME_SERIES_DAILY_ADJUSTED", ticker, full=full)

    def splits(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every split, oldest first."""
        return self._actions("SPLITS", ticker, read_splits)

    def dividends(self, ticker: Ticker) -> list[CorporateAction]:
        """Return every dividend, oldest first."""
        return self._actions("DIVIDENDS", ticker, read_dividends)

    def intraday(
        self,
        ticker: Ticker,
        minutes: Literal[1, 5, 15, 30, 60] = 5,
        *,
        month: str | None = None,
        full: bool = False,
    ) -> PriceSeries | None:
        """Return bars of minutes as traded, oldest first: of a `month` (`2024-01`), or lately."""
        interval = IntradayInterval(f"{minutes}min")
        params = {"interval": interval.value, "adjusted": "false", "outputsize": _size(full=full)}
        chosen = {} if month is None else {"month": month}
        return self._ask(
            "TIME_SERIES_INTRADAY",
            params | chosen,
            lambda body: read_intraday(body, ticker, interval),
            ticker,
        )

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return a company's description; `None` where there is none."""
        found = self._ask("OVERVIEW", {}, lambda body: read_overview(body, ticker), ticker)
        _check_about(ticker, () if found is None else (found.ticker,), "OVERVIEW")
        return found

    def income_statements(self, ticker: Ticker) -> list[IncomeStatement]:
        """Return every income statement, years before quarters."""
        return self._statements("INCOME_STATEMENT", ticker, IncomeStatement)

    def balance_sheets(self, ticker: Ticker) -> list[BalanceSheet]:
        """Return every balance sheet, years before quarters."""
        return self._statements("BALANCE_SHEET", ticker, BalanceSheet)

    def cash_flows(self, ticker: Ticker) -> list[CashFlow]:
        """Return every cash flow statement, years before quarters."""
        return self._statements("CASH_FLOW", ticker, CashFlow)

    def earnings(self, ticker: Ticker) -> list[Earnings]:
        """Return earnings by quarter and by finished year."""
        found = self._ask("EARNINGS", {}, lambda body: read_earnings(body, ticker), ticker)
        _check_about(ticker, (each.ticker for each in found), "EARNINGS")
        return found

    def earnings_calendar(
        self, ticker: Ticker | None = None, months: Literal[3, 6, 12] = 3
    ) -> list[EarningsCalendarEntry]:
        """Return who reports when within the next months: one company, or all."""
        return self._ask(
            "EARNINGS_CALENDAR",
            {"horizon": f"{months}month"},
            lambda body: read_calendar(body, ticker),
            ticker,
        )

    def listing(
        self, state: Literal["active", "delisted"] = "active", on: date | None = None
    ) -> list[Asset]:
        """Return what is listed, or was delisted, today or on a day since 2010."""
        chosen = {} if on is None else {"date": on.isoformat()}
        return self._ask("LISTING_STATUS", {"state": state, **chosen}, read_listing)

    def news(
        self,
        ticker: Ticker | None = None,
        *,
        topics: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[NewsArticle]:
        """Return articles, latest first: all `since` an instant, or the latest thousand."""
        found: dict[str, NewsArticle] = {}
        while True:
            page = self._news_page(ticker, topics, since, until)
            fresh = [each for each in page if each.id not in found]
            found |= {each.id: each for each in fresh}
            if since is None or len(page) < NEWS_LIMIT or not fresh:
                break
            until = min(each.published_at for each in page) + _MINUTE
        return [each for each in found.values() if since is None or each.published_at >= since]

    def search(self, keywords: str) -> list[SymbolMatch]:
        """Return listings that fit some words, the best first."""
        return self._ask("SYMBOL_SEARCH", {"keywords": keywords}, read_search)

    def _series(self, function: str, ticker: Ticker, *, full: bool) -> Daily | None:
        params = {"outputsize": _size(full=full)}
        found = self._ask(function, params, lambda body: read_daily(body, ticker), ticker)
        _check_about(ticker, () if found is None else (found.series.ticker,), function)
        return found

    def _actions(
        self, function: str, ticker: Ticker, read: Callable[[bytes, Ticker], list[CorporateAction]]
    ) -> list[CorporateAction]:
        found = self._ask(function, {}, lambda body: read(body, ticker), ticker)
        _check_about(ticker, (each.ticker for each in found), function)
        return found

    def _statements(self, function: str, ticker: Ticker, kind: type[S]) -> list[S]:
        found = self._ask(
            function, {}, lambda body: read_statements(body, ticker, kind, function), ticker
        )
        _check_about(ticker, (each.ticker for each in found), function)
        return found

    def _news_page(
        self,
        ticker: Ticker | None,
        topics: Sequence[str],
        since: datetime | None,
        until: datetime | None,
    ) -> list[NewsArticle]:
        params = {
            "tickers": "" if ticker is None else spelled(ticker),
            "topics": ",".join(topics),
            "time_from": "" if since is None else since.strftime(_STAMP),
            "time_to": "" if until is None else until.strftime(_STAMP),
            "sort": "LATEST",
            "limit": str(NEWS_LIMIT),
        }
        chosen = {name: value for name, value in params.items() if value}
        question = Question("NEWS_SENTIMENT", "/query", _asked("NEWS_SENTIMENT", chosen), ticker)
        return self.source.ask(question, lambda body: read_news(body, ticker))

    def _ask(
        self,
        function: str,
        params: dict[str, str],
        read: Callable[[bytes], T],
        ticker: Ticker | None = None,
    ) -> T:
        about = {} if ticker is None else {"symbol": spelled(ticker)}
        question = Question(function, "/query", _asked(function, about | params), ticker)
        return self.source.ask(question, read)


def _asked(function: str, params: dict[str, str]) -> dict[str, str]:
    return {"function": function, **params}


def _size(*, full: bool) -> str:
    return "full" if full else "compact"


def _check_about(ticker: Ticker, found: Iterable[Ticker], function: str) -> None:
    """Raise where an answer is about another company than was asked."""
    others = sorted(set(found) - {ticker})
    if others:
        raise PayloadError(f"alphavantage {function} {ticker}: the answer is about {others}")
