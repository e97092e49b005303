"""Providers as an ingest sees them: without what belongs to others, with answers of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from ..domain.companies import AssetProfile, CompanyOverview, DataSet, ProblemKind
from ..domain.reports import ALL_REPORTS, ReportKind
from ..errors import ProviderError
from ..provider_port import BatchProvider, Financials, History, Provider, Vintage
from .company_record import still_due

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ..domain.coverage import Coverage, Days, Received
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from .ingest_company import IngestCompany


@dataclass(frozen=True)
class ProviderView:
    """A `Provider` that answers as another one does; subclasses change some of the answers."""

    provider: Provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)


_DAY: Final = timedelta(days=1)


def own_facts_of(profile: AssetProfile, provider: Provider) -> Provider:
    """Return the provider, limited to the days on which the company had its ticker."""
    since, asset = profile.identity.since, profile.asset
    until = asset.delisting_date if asset.status == "inactive" else None
    if since is None and until is None:
        return provider
    own = OwnFacts(provider, since, None if until is None else until - _DAY)
    return cast("Provider", own)


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


_T = TypeVar("_T")


def request_batch(
    ingest: IngestCompany,
    profiles: Mapping[Ticker, AssetProfile],
    data_sets: Sequence[DataSet],
    planned_at: datetime | None,
) -> Provider:
    """Return the provider with its answers about these companies, if it has any at once."""
    provider = ingest.provider
    if not isinstance(provider, BatchProvider):
        return provider
    due = {
        data_set: {
            ticker: profile
            for ticker, profile in profiles.items()
            if profile.problem(ProblemKind.IDENTITY) is None
            and still_due(profile, (data_set,), planned_at)
        }
        for data_set in data_sets
        if provider.batch_sizes.get(data_set, 1) > 1
    }
    at = provider.retrieved_at()
    days = {
        ticker: ingest.prices_since(profile)
        for ticker, profile in due.get(DataSet.PRICES, {}).items()
    }
    moments = {
        ticker: ingest.news_since(profile) for ticker, profile in due.get(DataSet.NEWS, {}).items()
    }
    histories = provider.histories(days) if days else {}
    articles = provider.articles_about(moments) if moments else {}
    return cast("Provider", ReceivedAnswers(provider, at, days, histories, moments, articles))


@dataclass(frozen=True)
class ReceivedAnswers(ProviderView):
    """A `Provider` of answers that came before, since the days and moments that were requested.

    For anything else, the provider itself is asked.
    """

    at: datetime
    days: Mapping[Ticker, date | None]
    histories: Mapping[Ticker, History | ProviderError | None]
    moments: Mapping[Ticker, datetime | None]
    articles: Mapping[Ticker, Sequence[NewsArticle] | ProviderError]

    def retrieved_at(self) -> datetime:
        """Return when the answers were requested."""
        return self.at

    def history(self, ticker: Ticker, since: date | None = None) -> History | None:
        """Return the bars, splits and dividends of a company."""
        if ticker in self.histories and _reaches(self.days[ticker], since):
            return _or_raise(self.histories[ticker])
        return self.provider.history(ticker, since)

    def news(
        self, ticker: Ticker, since: datetime | None = None
    ) -> Iterable[NewsArticle | Vintage[NewsArticle]]:
        """Return the articles about a company."""
        if ticker in self.articles and _reaches(self.moments[ticker], since):
            return _or_raise(self.articles[ticker])
        return self.provider.news(ticker, since)


def _reaches(received: date | None, since: date | None) -> bool:
    """Return whether an answer since one day has all that was published since another."""
    return received is None or (since is not None and received <= since)


def _or_raise(answer: _T | ProviderError) -> _T:
    if isinstance(answer, ProviderError):
        raise answer
    return answer
