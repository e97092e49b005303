"""What a provider of market data can be asked. Live clients and the bundled sample fill these."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol

from ..domain import (
    Asset,
    CompanyOverview,
    CorporateAction,
    DataSet,
    Earnings,
    EarningsCalendarEntry,
    NewsArticle,
    PriceSeries,
    ReportKind,
    Statement,
    Ticker,
)

__all__ = ["ALL_REPORTS", "Financials", "History", "Provider", "SentimentScorer"]

ALL_REPORTS: Final = frozenset(ReportKind)
"""Whatever is reported about a company."""


class Financials(NamedTuple):
    """Everything reported about one company: statements of all three kinds, and its earnings."""

    statements: Sequence[Statement] = ()
    earnings: Sequence[Earnings] = ()


class History(NamedTuple):
    """Daily bars of one company, oldest first, and what it did to its shares meanwhile.

    Of the days of `told`, both included, no split and no dividend is missing; `None` where the
    source does not tell of them all. `complete` tells whether it has no bars before the first one.
    """

    bars: PriceSeries | None
    actions: Sequence[CorporateAction] = ()
    told: tuple[date, date] | None = None
    complete: bool = True


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
        """Tell whether an answer of that many reports or articles is all that there is.

        It is about answers without a beginning (`since`). Of bars, a `History` tells itself.
        """

    def assets(self) -> Iterable[Asset]:
        """Return every company that it lists; may be large."""

    def overview(self, ticker: Ticker) -> CompanyOverview | None:
        """Describe one company."""

    def history(self, ticker: Ticker, first: date | None = None) -> History | None:
        """Return daily bars, splits and dividends from `first` on, or all there are."""

    def financials(self, ticker: Ticker, kinds: Collection[ReportKind] = ALL_REPORTS) -> Financials:
        """Return all reports of these kinds of one company."""

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
