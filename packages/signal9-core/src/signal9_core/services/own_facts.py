"""What a provider has under a ticker, without what belongs to other companies that had it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.reports import ALL_REPORTS
from ..provider_port import Financials, Vintage
from .provider_view import ProviderView

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime

    from ..domain.companies import AssetProfile, CompanyOverview
    from ..domain.coverage import Coverage, Days, Received
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..domain.reports import ReportKind
    from ..provider_port import History, Provider

_DAY: Final = timedelta(days=1)


def own_facts_of(profile: AssetProfile, provider: Provider) -> Provider:
    """Return the provider, limited to the days on which the company had its ticker."""
    since, asset = profile.identity.since, profile.asset
    until = asset.delisting_date if asset.status == "inactive" else None
    if since is None and until is None:
        return provider
    return OwnFacts(provider, since, None if until is None else until - _DAY)


@dataclass(frozen=True)
class OwnFacts(ProviderView):
    """A `Provider` of what is from `first` to `last`, both included; `None` leaves a side open."""

    first: date | None
    last: date | None

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
            coverage=tuple(self._within(history.coverage)),
            complete=history.complete or bool(reaches_first),
            adjusted_closes=(),  # they are compared as a whole, and these may be of two companies
            spans=tuple(self._within(history.spans)),
            bars_received=self._received(history.bars_received) or (),
            splits_received=self._received(history.splits_received),
            dividends_received=self._received(history.dividends_received),
        )

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return the reports whose periods end on these days."""
        reports = self.provider.financials(ticker, kinds)
        return Financials(
            [report for report in reports.statements if self._has(report.fiscal_date_ending)],
            [report for report in reports.earnings if self._has(report.fiscal_date_ending)],
            [
                Vintage(
                    vintage.at,
                    [report for report in vintage.records if self._has(report.fiscal_date_ending)],
                )
                for vintage in reports.vintages
            ],
        )

    def news(
        self, ticker: Ticker, since: datetime | None = None
    ) -> Iterator[NewsArticle | Vintage[NewsArticle]]:
        """Yield the articles that were published on these days."""
        for entry in self.provider.news(ticker, since):
            if isinstance(entry, Vintage):
                own = [item for item in entry.records if self._has(item.published_at.date())]
                yield Vintage(entry.at, own)
            elif self._has(entry.published_at.date()):
                yield entry

    def _has(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def _within(self, spans: Coverage) -> Iterator[Days]:
        for begin, end in spans:
            first, last = max(begin, self.first or begin), min(end, self.last or end)
            if first <= last:
                yield first, last

    def _received(self, parts: Sequence[Received] | None) -> Sequence[Received] | None:
        if parts is None:
            return None
        return [
            part.model_copy(update={"first": first, "last": last})
            for part in parts
            for first, last in self._within(((part.first, part.last),))
        ]
