"""A provider as another one shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.reports import ALL_REPORTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from ..domain.companies import Asset, CompanyOverview, DataSet, ListName
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..domain.reports import EarningsCalendarEntry, ReportKind
    from ..provider_port import Financials, History, Provider, Vintage


@dataclass(frozen=True)
class ProviderView:
    """A `Provider` that answers as another one does; subclasses change some of the answers."""

    provider: Provider

    @property
    def name(self) -> str:
        """The name of the source."""
        return self.provider.name

    @property
    def calls(self) -> Mapping[DataSet | ListName, int]:
        """How many requests a list, or a data set of a company, takes."""
        return self.provider.calls

    @property
    def notice(self) -> str | None:
        """What readers of its data must know."""
        return self.provider.notice

    def retrieved_at(self) -> datetime:
        """Return the time of which its next answers are."""
        return self.provider.retrieved_at()

    def covered(self) -> Sequence[Ticker] | None:
        """Return the companies that it has data of."""
        return self.provider.covered()

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Return whether so many reports or articles are all."""
        return self.provider.complete(data_set, count)

    def assets(self) -> Iterable[Asset]:
        """Return all listed companies."""
        return self.provider.assets()

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return the announced dates of earnings reports."""
        return self.provider.calendar()

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Return the description of a company."""
        return self.provider.overview(ticker)

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports of a company."""
        return self.provider.financials(ticker, kinds)

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars, splits and dividends of a company."""
        return self.provider.history(ticker, since)

    def news(
        self, ticker: Ticker, since: datetime | None = None
    ) -> Iterable[NewsArticle | Vintage[NewsArticle]]:
        """Return the articles about a company."""
        return self.provider.news(ticker, since)
