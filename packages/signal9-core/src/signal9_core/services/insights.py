"""Insights: what follows from the stored facts of a company, worked out anew when they change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from ..domain import (
    AssetProfile,
    DataSet,
    NewsArticle,
    PriceRange,
    SentimentRating,
    Ticker,
    label_of,
)
from ..events import AssetDataUpdated, Event, NewsIngested, NewsSentimentAnalyzed, PricesUpdated
from ..ports import Clock, EventPublisher, SentimentScorer
from ..repositories import AssetRepository, Foretell, NewsRepository, PriceRepository, ignore

__all__ = ["Enhance"]

_SIX_DIGITS: Final = Decimal("0.000001")
_YEAR: Final = timedelta(weeks=52)


@dataclass(frozen=True)
class Enhance:
    """Score news that came without a tone, rate the tone of late, find the 52-week range."""

    assets: AssetRepository
    prices: PriceRepository
    news: NewsRepository
    scorer: SentimentScorer
    publisher: EventPublisher
    clock: Clock
    window_days: int

    def __call__(self, event: Event) -> None:
        """Work out what this event touches; repeating it changes and announces nothing."""
        match event:
            case NewsIngested():
                self._score(event.ticker, event.first, event.last)
                self._rate(event.ticker, event.last.date())
            case PricesUpdated():
                self._find_range(event.ticker)
            case AssetDataUpdated(data_set="overview"):
                for ticker in event.tickers:
                    self._rate(ticker)
                    self._find_range(ticker)

    def _score(self, ticker: Ticker, first: datetime, last: datetime) -> None:
        for article in self.news.between(ticker, first, last):
            if article.sentiment is None:
                score = Decimal(str(self.scorer.score(article.text))).quantize(_SIX_DIGITS)
                self.news.put_score(article.scored(score, self.scorer.name))

    def _rate(self, ticker: Ticker, heard_until: date | None = None) -> None:
        """Rate the days up to the latest that is covered, or that there was an article of."""

        def rated(profile: AssetProfile) -> dict[str, SentimentRating | None]:
            days = _covered_until(profile, DataSet.NEWS), _rated_until(profile), heard_until
            as_of = max((day for day in days if day is not None), default=None)
            return {} if as_of is None else {"sentiment": self._rating(ticker, as_of)}

        def announce(profile: AssetProfile) -> None:
            # Before it is written, so that repeating what failed in between announces it again.
            rating = profile.insights.sentiment
            if rating is not None:
                event = NewsSentimentAnalyzed(
                    at=self.clock(),
                    ticker=ticker,
                    score=rating.score,
                    sample_size=rating.sample_size,
                )
                self.publisher.publish([event])

        self._rework(ticker, rated, announce)

    def _rating(self, ticker: Ticker, as_of: date) -> SentimentRating | None:
        first = datetime.combine(as_of - timedelta(days=self.window_days - 1), time.min, UTC)
        articles = self.news.between(ticker, first, datetime.combine(as_of, time.max, UTC))
        return _rating(ticker, articles, as_of, self.window_days)

    def _find_range(self, ticker: Ticker) -> None:
        def found(profile: AssetProfile) -> dict[str, PriceRange]:
            as_of = _covered_until(profile, DataSet.PRICES)
            year = None if as_of is None else self._range(ticker, as_of)
            return {} if year is None else {"range_52_weeks": year}

        self._rework(ticker, found)

    def _range(self, ticker: Ticker, as_of: date) -> PriceRange | None:
        year = self.prices.between(ticker, as_of - _YEAR + timedelta(days=1), as_of)
        if not len(year):
            return None
        low, high = year.low.index(min(year.low)), year.high.index(max(year.high))
        return PriceRange(
            as_of=as_of,
            low=year.price("low", low),
            low_on=year.day(low),
            high=year.price("high", high),
            high_on=year.day(high),
        )

    def _rework(
        self,
        ticker: Ticker,
        work_out: Callable[[AssetProfile], Mapping[str, SentimentRating | PriceRange | None]],
        foretell: Foretell[AssetProfile] = ignore,
    ) -> None:
        """Write insights over the very profile that they were worked out for.

        Another writer in between makes it start anew, so that older facts never win.
        """

        def changed(profile: AssetProfile) -> AssetProfile:
            insights = profile.insights.model_copy(update=work_out(profile))
            return profile.model_copy(update={"insights": insights})

        if self.assets.get(ticker) is not None:
            self.assets.change(ticker, changed, foretell)


def _covered_until(profile: AssetProfile, data_set: DataSet) -> date | None:
    freshness = profile.freshness.get(data_set)
    return None if freshness is None else freshness.as_of


def _rated_until(profile: AssetProfile) -> date | None:
    rating = profile.insights.sentiment
    return None if rating is None else rating.as_of


def _rating(
    ticker: Ticker, articles: Iterable[NewsArticle], as_of: date, window_days: int
) -> SentimentRating | None:
    """Return the mean tone, weighted by relevance; `None` without a single scored article."""
    tones = [
        (each.sentiment, each.relevance)
        for article in articles
        for each in article.tickers
        if each.ticker == ticker and each.sentiment is not None
    ]
    weight = sum((relevance for _, relevance in tones), Decimal(0))
    if not weight:
        return None
    total = sum((tone * relevance for tone, relevance in tones), Decimal(0))
    score = (total / weight).quantize(_SIX_DIGITS)
    return SentimentRating(
        as_of=as_of,
        window_days=window_days,
        sample_size=len(tones),
        score=score,
        label=label_of(score),
    )
