"""Answers of a provider about many companies, which came in few requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ..domain.companies import DataSet, ProblemKind
from ..errors import ProviderError
from ..provider_port import BatchProvider
from .company_record import still_due
from .provider_view import ProviderView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from ..domain.companies import AssetProfile
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..provider_port import History, Provider, Vintage
    from .ingest_company import IngestCompany

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
    return ReceivedAnswers(
        provider,
        at,
        days,
        provider.histories(days) if days else {},
        moments,
        provider.articles_about(moments) if moments else {},
    )


@dataclass(frozen=True)
class ReceivedAnswers(ProviderView):
    """A `Provider` of answers that came before, since the days and moments that were requested.

    For anything else, the provider itself is asked.
    """

    at: datetime
    days: Mapping[Ticker, date | None] = field(default_factory=dict)
    histories: Mapping[Ticker, History | ProviderError | None] = field(default_factory=dict)
    moments: Mapping[Ticker, datetime | None] = field(default_factory=dict)
    articles: Mapping[Ticker, Sequence[NewsArticle] | ProviderError] = field(default_factory=dict)

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
