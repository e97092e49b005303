"""AlphaVantage as a `Provider`: what its plan allows, and not one call more than needed."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from ...domain import (
    Asset,
    CompanyOverview,
    DataSet,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    Ticker,
)
from ...ports import Clock, Financials, utc_now
from ..sessions import last_finished_day
from .client import COMPACT_BARS, NEWS_LIMIT, AlphaVantageClient

__all__ = ["AlphaVantageProvider"]

_REPORTS: Final = 4
_RECENT_DAYS: Final = 120
"""A hundred bars cover this many days of the calendar, holidays included."""


class AlphaVantageProvider:
    """A `Provider` over a client; a free plan gets the last hundred bars, a premium one all."""

    name = "alphavantage"

    def __init__(
        self, client: AlphaVantageClient, *, premium: bool = False, clock: Clock = utc_now
    ) -> None:
        self._client = client
        self._premium = premium
        self._clock = clock

    @property
    def notice(self) -> str | None:
        """Say what a free plan leaves out."""
        if self._premium:
            return None
        return f"AlphaVantage's free plan: prices are of the last {COMPACT_BARS} trading days."

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def retrieved_at(self) -> datetime:
        """Return the present."""
        return self._clock()

    def covered(self) -> Sequence[Ticker] | None:
        """Return `None`: they are too many to tell."""
        return None

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Tell whether an answer is shorter than the longest that the plan gives."""
        if data_set is DataSet.PRICES:
            return self._premium or count < COMPACT_BARS
        return data_set is not DataSet.NEWS or count < NEWS_LIMIT

    def assets(self) -> Iterable[Asset]:
        """Return what is listed in the United States."""
        return self._client.listing()

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""
        return self._client.overview(ticker)

    def prices(self, ticker: Ticker, first: date | None = None) -> PriceSeries | None:
        """Return the days whose trading is over, as traded; adjusted closes for premium keys."""
        if self._premium:
            found = self._client.daily_adjusted(ticker, full=not self._is_recent(first))
        else:
            found = self._client.daily(ticker)
        last = last_finished_day(self._clock())
        return None if found is None else found.series.between(first, last)

    def financials(self, ticker: Ticker) -> Financials:
        """Return all reports: four calls, or none where fewer are left of the day's."""
        self._client.source.quota.require(_REPORTS)
        statements = (
            *self._client.income_statements(ticker),
            *self._client.balance_sheets(ticker),
            *self._client.cash_flows(ticker),
        )
        return Financials(statements, self._client.earnings(ticker))

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return who reports within three months."""
        return self._client.earnings_calendar()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return all articles since an instant, or the latest thousand."""
        return self._client.news(ticker, since=since)

    def _is_recent(self, first: date | None) -> bool:
        return first is not None and (self._clock().date() - first).days <= _RECENT_DAYS
