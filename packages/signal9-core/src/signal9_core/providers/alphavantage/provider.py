"""AlphaVantage as a `Provider`: what the plan allows, with no call more than needed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from ...domain.companies import Asset, CompanyOverview, DataSet
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.reports import ALL_REPORTS, EarningsCalendarEntry, ReportKind, statement_type
from ...ports import Clock, utc_now
from ...provider_port import Financials, History
from ..calendar import last_finished_day
from . import COMPACT_BARS, NEWS_LIMIT
from .client import AlphaVantageClient

__all__ = ["AlphaVantageProvider"]

_COMPACT_SPAN: Final = timedelta(days=120)
"""A compact series of a hundred bars reaches back at least this far."""


class AlphaVantageProvider:
    """A `Provider` over a client; a free plan gets the last hundred bars, a premium one all."""

    name = "alphavantage"

    def __init__(
        self,
        client: AlphaVantageClient,
        notice: str | None = None,
        *,
        premium: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self.notice = notice
        self._premium = premium
        self._clock = clock

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def retrieved_at(self) -> datetime:
        """Return the current time."""
        return self._clock()

    def covered(self) -> Sequence[Ticker] | None:
        """Return `None`: there are too many companies to name."""
        return None

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Return whether a response is shorter than the longest possible one."""
        return data_set is not DataSet.NEWS or count < NEWS_LIMIT

    def assets(self) -> Iterable[Asset]:
        """Return the companies listed in the United States."""
        return self._client.listing()

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""
        return self._client.overview(ticker)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars of finished days since a day; premium plans get splits and dividends."""
        full = self._premium and not self._fits_compact(since)
        get = self._client.daily_adjusted if self._premium else self._client.daily
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
            (begin, last) if self._premium and begin <= last else None,
            complete=reaches_start and begin <= first,
        )

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return reports: one call for each kind, or none if the quota has fewer left today."""
        self._client.http.quota.require(len(kinds))
        statements = [
            statement
            for kind in ReportKind
            if kind in kinds and kind is not ReportKind.EARNINGS
            for statement in self._client.statements(ticker, statement_type(kind))
        ]
        earnings = self._client.earnings(ticker) if ReportKind.EARNINGS in kinds else ()
        return Financials(statements, earnings)

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return the announced dates of the next three months."""
        return self._client.earnings_calendar()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return all articles since an instant, or the latest thousand."""
        return self._client.news(ticker, since)

    def _fits_compact(self, since: date | None) -> bool:
        return since is not None and self._clock().date() - since <= _COMPACT_SPAN
