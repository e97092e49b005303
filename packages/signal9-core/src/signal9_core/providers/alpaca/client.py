"""Alpaca over HTTP: every page of every list."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final, Literal, Self, TypeVar

import httpx2
from pydantic import SecretStr

from ...domain.adjustment import CorporateAction, one_a_day
from ...domain.companies import Asset, DataSet, ListName
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.prices import PriceSeries
from ...domain.reports import ALL_REPORTS, EarningsCalendarEntry, ReportKind
from ...errors import PayloadError, ProviderError, RequestRefusedError
from ...ports import Clock, utc_now
from ...provider_port import Financials, History, Quota, RawCache, Unreadable
from ..calendar import last_finished_day
from ..http import ProviderHttp, ProviderRequest, require_key
from ..parsing import check_json, label
from . import FIRST_DAY, NEWS_SPAN, NOTICE
from .parsers import Page, actions_page, all_series, bars_page, news_page, parse_assets, spelled

T = TypeVar("T")
D = TypeVar("D", date, datetime)

_TRADING_URL: Final = "https://paper-api.alpaca.markets"
_DATA_URL: Final = "https://data.alpaca.markets"
_KEY_PAGE: Final = "https://alpaca.markets"
_BARS_LIMIT: Final = "10000"
_ACTIONS_LIMIT: Final = "1000"
_NEWS_LIMIT: Final = "50"
_BATCH: Final = 200
"""Symbols in one request; ten thousand companies are then fifty requests."""
_MOST_DAYS: Final = 200_000
"""Days of all companies of a request together, so that their bars are in memory at once."""
_MOST_DAYS_OF_NEWS: Final = 2_000
"""So many have some hundred articles: if a page of them fails, few calls were in vain."""
_PRICES_WITHIN: Final = timedelta(days=30)
_NEWS_WITHIN: Final = timedelta(days=1)
_MOST_SPLITS: Final = 32
"""A response that can never be read must not be requested for each company."""
_WORD: Final = re.compile(r"[A-Z0-9][A-Z0-9.]*(?<!\.)")
_ACTION_TYPES: Final = "cash_dividend,forward_split,reverse_split,stock_dividend"


class AlpacaClient:
    """A `Provider` backed by Alpaca; every method returns all pages or raises `ProviderError`.

    Tickers are in the stored form (`ABR.PD`).
    """

    name = "alpaca"
    notice = NOTICE
    calls: Mapping[DataSet | ListName, int] = {"listing": 1, DataSet.PRICES: 2, DataSet.NEWS: 1}
    batch_sizes: Mapping[DataSet, int] = {DataSet.PRICES: _BATCH, DataSet.NEWS: _BATCH}

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
        return _readable(self.histories({ticker: since})[ticker])

    def histories(
        self, since: Mapping[Ticker, date | None]
    ) -> dict[Ticker, History | ProviderError | None]:
        """Return the bars, splits and dividends of several companies."""
        answers: dict[Ticker, History | ProviderError | None] = dict.fromkeys(since)
        begins = {ticker: day or FIRST_DAY for ticker, day in since.items()}
        end = last_finished_day(self._clock())
        for begin, group in _grouped(
            begins, _PRICES_WITHIN, lambda day: _MOST_DAYS // max(1, (end - day).days)
        ):
            if begin > end:
                continue
            bars = _fetch_each(group, partial(self._bars_of, first=begin, last=end))
            having = [ticker for ticker, series in bars.items() if isinstance(series, PriceSeries)]
            actions = _fetch_each(having, partial(self._actions_of, first=begin, last=end))
            answers |= {
                ticker: _history(series, actions.get(ticker, ()), begins[ticker])
                for ticker, series in bars.items()
            }
        return answers

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

    def news(self, ticker: Ticker, since: datetime | None = None) -> Sequence[NewsArticle]:
        """Return all articles since an instant, or of the last ninety days, latest first."""
        return _readable(self.articles_about({ticker: since})[ticker])

    def articles_about(
        self, since: Mapping[Ticker, datetime | None]
    ) -> dict[Ticker, Sequence[NewsArticle] | ProviderError]:
        """Return the articles about several companies, of each latest first."""
        answers: dict[Ticker, Sequence[NewsArticle] | ProviderError] = dict.fromkeys(since, ())
        now = self._clock()
        first = now - NEWS_SPAN
        begins = {ticker: begin or first for ticker, begin in since.items()}
        for begin, group in _grouped(
            begins, _NEWS_WITHIN, lambda at: _MOST_DAYS_OF_NEWS // max(1, (now - at).days)
        ):
            answers |= _fetch_each(group, partial(self._articles_of, start=begin))
        return answers

    def _articles_of(
        self, tickers: Sequence[Ticker], start: datetime
    ) -> dict[Ticker, Sequence[NewsArticle] | ProviderError]:
        span = _span(start.astimezone(UTC), None)
        params = {**span, "symbols": _symbols(tickers), "limit": _NEWS_LIMIT}
        request = ProviderRequest("news", "/v1beta1/news", params, _only(tickers))
        # An article that is updated between two pages occurs on both; the first is the newer one.
        articles: dict[str, NewsArticle] = {}
        for article in self._records(request, news_page):
            articles.setdefault(article.id, article)
        if len(tickers) == 1:
            return {tickers[0]: list(articles.values())}
        about = {ticker: list[NewsArticle]() for ticker in tickers}
        for article in articles.values():
            for mention in article.tickers:
                if mention.ticker in about:
                    about[mention.ticker].append(article)
        return {**about}

    def daily_bars(
        self, tickers: Sequence[Ticker], first: date | None = None, last: date | None = None
    ) -> Mapping[Ticker, PriceSeries]:
        """Return daily bars as traded, both days included, of the companies that have any."""
        return {name: _readable(bars) for name, bars in self._bars_of(tickers, first, last).items()}

    def _bars_of(
        self, tickers: Sequence[Ticker], first: date | None, last: date | None
    ) -> dict[Ticker, PriceSeries | ProviderError]:
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
        where = label(self.name, request.function, None)
        answers: dict[Ticker, PriceSeries | ProviderError] = {}
        for series in all_series(self._records(request, bars_page, check=_checked)):
            if isinstance(series, Unreadable):
                answers[series.ticker] = PayloadError(f"{where} {series.reason}")
            else:
                answers[series.ticker] = series
        others = sorted(answers.keys() - set(tickers))
        if others:
            raise PayloadError(f"{where} has bars of {others[0]}, which were not requested")
        return answers

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

    def _actions_of(
        self, tickers: Sequence[Ticker], first: date, last: date
    ) -> dict[Ticker, Sequence[CorporateAction] | ProviderError]:
        actions = self.corporate_actions(tickers, first, last)
        return {
            ticker: [action for action in actions if action.ticker == ticker] for ticker in tickers
        }

    def _records(
        self,
        request: ProviderRequest,
        parse: Callable[[bytes], Page[T]],
        check: Callable[[str, bytes], None] = check_json,
    ) -> Iterator[T]:
        """Yield the records of every page; a repeated page token would never end, and raises."""
        tokens: set[str] = set()
        params = request.params
        while True:
            page = self.data.get(
                request._replace(params=params), lambda body, _: parse(body), check
            )
            yield from page.records
            if page.token is None:
                return
            if page.token in tokens:
                where = label(self.name, request.function, request.ticker)
                raise PayloadError(f"{where}: page token {page.token!r:.80} repeats")
            tokens.add(page.token)
            params = {**request.params, "page_token": page.token}


def _readable(answer: T | ProviderError) -> T:
    if isinstance(answer, ProviderError):
        raise answer
    return answer


def _history(
    bars: PriceSeries | ProviderError, actions: Sequence[CorporateAction] | ProviderError, own: date
) -> History | ProviderError | None:
    """Return a company's bars and actions since its own day, or what is wrong with one of them."""
    if isinstance(bars, ProviderError):
        return bars
    if isinstance(actions, ProviderError):
        return actions
    bars = bars.between(own)
    if not bars:
        return None
    recent = [action for action in actions if action.ex_date >= own]
    return History(bars, recent, ((own, bars.day(-1)),), complete=own <= FIRST_DAY)


def _grouped(
    begins: Mapping[Ticker, D], most: timedelta, size: Callable[[D], int]
) -> Iterator[tuple[D, list[Ticker]]]:
    """Yield companies whose data begin at most so far apart, with the earliest beginning.

    A request has one beginning for all of its companies, and an early one has many pages. `size`
    says how many companies may have data since a beginning.
    """
    group: list[Ticker] = []
    for ticker in sorted(begins, key=lambda ticker: begins[ticker], reverse=True):
        begin = begins[ticker]
        if group and (begins[group[0]] - begin > most or len(group) >= size(begin)):
            yield begins[group[-1]], group
            group = []
        group.append(ticker)
    if group:
        yield begins[group[-1]], group


def _fetch_each(
    tickers: Sequence[Ticker],
    fetch: Callable[[Sequence[Ticker]], Mapping[Ticker, T | ProviderError]],
) -> dict[Ticker, T | ProviderError]:
    """Return what `fetch` does, of each company; one that spoils a request is fetched alone.

    A request is split into those that the error names and the others, or else in halves.
    """
    answers: dict[Ticker, T | ProviderError] = {}
    groups, splits = [list(tickers)] if tickers else [], 0
    while groups:
        group = groups.pop()
        try:
            answers |= fetch(group)
        except ProviderError as error:
            may_be_one = isinstance(error, PayloadError | RequestRefusedError)
            if may_be_one and len(group) > 1 and splits < _MOST_SPLITS:
                splits += 1
                groups += _split(group, str(error))
            else:
                answers |= dict.fromkeys(group, error)
    return answers


def _split(group: Sequence[Ticker], message: str) -> tuple[list[Ticker], list[Ticker]]:
    words = set(_WORD.findall(message))
    named = [ticker for ticker in group if spelled(ticker) in words]
    if 0 < len(named) < len(group):
        return [ticker for ticker in group if ticker not in named], named
    half = len(group) // 2
    return list(group[half:]), list(group[:half])


def _symbols(tickers: Sequence[Ticker]) -> str:
    return ",".join(map(spelled, tickers))


def _checked(where: str, body: bytes) -> None:
    """Accept a body: the parser has checked it."""


def _only(tickers: Sequence[Ticker]) -> Ticker | None:
    return tickers[0] if len(tickers) == 1 else None


def _span(first: date | None, last: date | None) -> dict[str, str]:
    ends = {"start": first, "end": last}
    return {
        name: end.isoformat().replace("+00:00", "Z")
        for name, end in ends.items()
        if end is not None
    }
