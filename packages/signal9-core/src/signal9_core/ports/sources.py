"""What a provider of market data can be asked. Live clients and the bundled sample fill these."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from ..domain import (
    Asset,
    CompanyOverview,
    DataSet,
    Earnings,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    Statement,
    Ticker,
)

__all__ = ["Financials", "Provider", "SentimentScorer"]


class Financials(NamedTuple):
    """Everything reported about one company: statements of all three kinds, and its earnings."""

    statements: Sequence[Statement] = ()
    earnings: Sequence[Earnings] = ()


class Provider(Protocol):
    """A source of market data under a name, as `alphavantage`, `alpaca` or `sample`.

    Every method raises `ProviderError` where there is no answer. `None` and empty answers are
    answers: the provider knows the company and has nothing of that kind, or does not know it.
    """

    @property
    def name(self) -> str:
        """How freshness and the API call this source."""

    @property
    def notice(self) -> str | None:
        """What people must know who see its data, such as where it ends; `None` for nothing."""

    def retrieved_at(self) -> datetime:
        """Return the instant for which its next answers hold: now, where a network is asked."""

    def covered(self) -> Sequence[Ticker] | None:
        """Return the companies that it has data of; `None` where they are too many to tell."""

    def complete(self, data_set: DataSet, count: int) -> bool:
        """Tell whether an answer of that many bars, reports or articles is all that there is.

        It is about answers without a beginning (`first`, `since`); some plans give only the end.
        """

    def assets(self) -> Iterable[Asset]:
        """Return every company that it lists; may be large."""

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""

    def prices(self, ticker: Ticker, first: date | None = None) -> PriceSeries | None:
        """Return daily bars from `first` on, or all there are, oldest first."""

    def financials(self, ticker: Ticker) -> Financials:
        """Return all reports of one company."""

    def calendar(self) -> Iterable[EarningsCalendarEntry]:
        """Return announced dates of coming earnings reports."""

    def news(self, ticker: Ticker, since: datetime | None = None) -> Iterable[NewsArticle]:
        """Return articles that mention the company, published at or after `since`."""


class SentimentScorer(Protocol):
    """Judges a text about a company."""

    @property
    def name(self) -> str:
        """What an article's `scoredBy` says."""

    def score(self, text: str) -> float:
        """Return the tone of `text`, from -1 (bearish) to 1 (bullish); 0 where it says nothing."""
