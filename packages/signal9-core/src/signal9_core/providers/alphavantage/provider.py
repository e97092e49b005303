"""AlphaVantage as a `Provider`: what its plan allows, and not one call more than needed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from ...domain import (
    Asset,
    CompanyOverview,
    DataSet,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    ReportKind,
    Statement,
    Ticker,
)
from ...ports import ALL_REPORTS, Clock, Financials, History, utc_now
from ..calendar import last_finished_day
from .client import AlphaVantageClient
from .symbols import COMPACT_BARS, FREE_NOTICE, NEWS_LIMIT

__all__ = ["AlphaVantageProvider"]

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
        return None if self._premium else FREE_NOTICE

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
        """Tell whether an answer is shorter than the longest that there is."""
        return data_set is not DataSet.NEWS or count < NEWS_LIMIT

    def assets(self) -> Iterable[Asset]:
        """Return what is listed in the United States."""
        return self._client.listing()

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""
        return self._client.overview(ticker)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the days whose trading is over, as traded.

        Premium keys get adjusted closes, splits and dividends along with them.
        """
        last = last_finished_day(self._clock())
        if not self._premium:
            found = self._client.daily(ticker)
            return None if found is None else _of_the_last_days(found.series, since, last)
        found = self._client.daily_adjusted(ticker, full=not self._is_recent(since))
        if found is None:
            return None
        actions = [each for each in found.actions if (since or date.min) <= each.ex_date <= last]
        bars = found.series.between(since, last)
        return History(bars, actions, (bars.day(0), bars.day(-1)) if len(bars) else None)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return reports: a call for each kind, or none where fewer are left of the day's."""
        self._client.source.quota.require(len(kinds))
        statements = tuple(self._statements(ticker, kinds))
        earnings = self._client.earnings(ticker) if ReportKind.EARNINGS in kinds else ()
        return Financials(statements, earnings)

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return who reports within three months."""
        return self._client.earnings_calendar()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return all articles since an instant, or the latest thousand."""
        return self._client.news(ticker, since=since)

    def _statements(self, ticker: Ticker, kinds: Collection[ReportKind]) -> Iterator[Statement]:
        if ReportKind.INCOME_STATEMENT in kinds:
            yield from self._client.income_statements(ticker)
        if ReportKind.BALANCE_SHEET in kinds:
            yield from self._client.balance_sheets(ticker)
        if ReportKind.CASH_FLOW in kinds:
            yield from self._client.cash_flows(ticker)

    def _is_recent(self, first: date | None) -> bool:
        return first is not None and (self._clock().date() - first).days <= _RECENT_DAYS


def _of_the_last_days(series: PriceSeries, first: date | None, last: date) -> History:
    return History(series.between(first, last), complete=len(series) < COMPACT_BARS)
