"""Alpaca as a `Provider`: listing, prices, corporate actions and news."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime

from ...domain.companies import Asset, CompanyOverview, DataSet
from ...domain.model import Ticker
from ...domain.news import NewsArticle
from ...domain.reports import ALL_REPORTS, EarningsCalendarEntry, ReportKind
from ...ports import Clock, utc_now
from ...provider_port import Financials, History
from ..calendar import last_finished_day
from . import FIRST_DAY, NEWS_SPAN
from .client import AlpacaClient

__all__ = ["AlpacaProvider"]


class AlpacaProvider:
    """A `Provider` over a client."""

    name = "alpaca"

    def __init__(
        self, client: AlpacaClient, notice: str | None = None, *, clock: Clock = utc_now
    ) -> None:
        self._client = client
        self.notice = notice
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

    def complete(self, data_set: DataSet, count: int) -> bool:  # noqa: ARG002 - every page is read
        """Return whether a result is all there is; news begin with the first request."""
        return data_set is not DataSet.NEWS

    def assets(self) -> Iterable[Asset]:
        """Return the shares that are traded."""
        return self._client.assets()

    def overview(self, ticker: Ticker) -> CompanyOverview | None:  # noqa: ARG002
        """Return `None`: Alpaca has no descriptions."""
        return None

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars, splits and dividends of finished days since a day."""
        begin, end = since or FIRST_DAY, last_finished_day(self._clock())
        bars = self._client.daily_bars([ticker], begin, end).get(ticker) if begin <= end else None
        if bars is None:
            return None
        actions = self._client.corporate_actions([ticker], begin, end)
        return History(bars, actions, (begin, bars.day(-1)), complete=begin <= FIRST_DAY)

    def financials(
        self,
        ticker: Ticker,  # noqa: ARG002
        kinds: Collection[ReportKind] = ALL_REPORTS,  # noqa: ARG002
    ) -> Financials:
        """Return nothing: Alpaca has no reports."""
        return Financials()

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return nothing: Alpaca has no earnings calendar."""
        return ()

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return all articles since an instant, or of the last ninety days."""
        start = since or self._clock() - NEWS_SPAN
        return self._client.news([ticker], start.astimezone(UTC))
