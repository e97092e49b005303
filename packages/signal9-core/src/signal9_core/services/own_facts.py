"""What a provider has under a ticker, without what belongs to other companies that had it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.reports import ALL_REPORTS
from ..provider_port import Financials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

    from ..domain.companies import Asset, AssetProfile, CompanyOverview, DataSet
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..domain.reports import EarningsCalendarEntry, ReportKind
    from ..provider_port import History, Provider

__all__ = ["OwnFacts", "own_facts_of"]

_DAY: Final = timedelta(days=1)


def own_facts_of(profile: AssetProfile, provider: Provider) -> Provider:
    """Return the provider, limited to the days on which the company had its ticker."""
    since, asset = profile.identity.since, profile.asset
    until = asset.delisting_date if asset.status == "inactive" else None
    if since is None and until is None:
        return provider
    return OwnFacts(provider, since, None if until is None else until - _DAY)


@dataclass(frozen=True)
class OwnFacts:
    """A `Provider` of what is from `first` to `last`, both included; `None` leaves a side open."""

    provider: Provider
    first: date | None
    last: date | None

    @property
    def name(self) -> str:
        """The name of the source."""
        return self.provider.name

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
        """Return the description, unless it is from before the first day, or after the last."""
        return self.provider.overview(ticker) if self._has(self.retrieved_at().date()) else None

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars, splits and dividends of these days."""
        history = self.provider.history(ticker, since)
        if history is None:
            return None
        bars, first = history.bars, self.first
        reaches_first = (
            first is not None and bars is not None and len(bars) and bars.day(0) <= first
        )
        return history._replace(
            bars=None if bars is None else bars.between(first, self.last),
            actions=[action for action in history.actions if self._has(action.ex_date)],
            coverage=self._within(history.coverage),
            complete=history.complete or bool(reaches_first),
        )

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports whose periods end on these days."""
        reports = self.provider.financials(ticker, kinds)
        return Financials(
            [report for report in reports.statements if self._has(report.fiscal_date_ending)],
            [report for report in reports.earnings if self._has(report.fiscal_date_ending)],
        )

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return the articles that were published on these days."""
        articles = self.provider.news(ticker, since)
        return [article for article in articles if self._has(article.published_at.date())]

    def _has(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def _within(self, coverage: tuple[date, date] | None) -> tuple[date, date] | None:
        if coverage is None:
            return None
        first = max(coverage[0], self.first or coverage[0])
        last = min(coverage[1], self.last or coverage[1])
        return (first, last) if first <= last else None
