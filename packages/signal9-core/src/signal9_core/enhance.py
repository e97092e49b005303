"""Insights: what follows from the stored facts of a company, worked out anew when they change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from .domain import (
    AssetProfile,
    DataSet,
    NewsArticle,
    PriceRange,
    SentimentRating,
    Ticker,
    label_of,
)
from .events import AssetDataUpdated, Event, NewsIngested, NewsSentimentAnalyzed, PricesUpdated
from .ports import Clock, EventPublisher, SentimentScorer
from .repositories import AssetRepository, NewsRepository, PriceRepository

__all__ = ["Enhance"]

_MOST: Final = 10_000
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
                self._rate(event.ticker)
            case PricesUpdated():
                self._find_range(event.ticker)
            case AssetDataUpdated(data_set="overview"):
                for ticker in event.tickers:
                    self._rate(ticker)
                    self._find_range(ticker)

    def _score(self, ticker: Ticker, first: datetime, last: datetime) -> None:
        for article in self._articles(ticker, first, last):
            if article.sentiment is None:
                score = Decimal(str(self.scorer.score(article.text))).quantize(_SIX_DIGITS)
                self.news.put_score(article.scored(score, self.scorer.name))

    def _articles(self, ticker: Ticker, first: datetime, last: datetime) -> list[NewsArticle]:
        return self.news.of_company(ticker, first, last, limit=_MOST).items

    def _rate(self, ticker: Ticker) -> None:
        as_of = _covered_until(self.assets.get(ticker), DataSet.NEWS)
        if as_of is None:
            return
        first = datetime.combine(as_of - timedelta(days=self.window_days - 1), time.min, UTC)
        last = datetime.combine(as_of, time.max, UTC)
        rating = _rating(ticker, self._articles(ticker, first, last), as_of, self.window_days)
        changed = self._note(ticker, {"sentiment": rating})
        if changed and rating is not None:
            event = NewsSentimentAnalyzed(
                at=self.clock(), ticker=ticker, score=rating.score, sample_size=rating.sample_size
            )
            self.publisher.publish([event])

    def _find_range(self, ticker: Ticker) -> None:
        as_of = _covered_until(self.assets.get(ticker), DataSet.PRICES)
        if as_of is None:
            return
        year = self.prices.between(ticker, as_of - _YEAR + timedelta(days=1), as_of)
        if not len(year):
            return
        low, high = year.low.index(min(year.low)), year.high.index(max(year.high))
        found = PriceRange(
            as_of=as_of,
            low=year.price("low", low),
            low_on=year.day(low),
            high=year.price("high", high),
            high_on=year.day(high),
        )
        self._note(ticker, {"range_52_weeks": found})

    def _note(self, ticker: Ticker, found: dict[str, SentimentRating | PriceRange | None]) -> bool:
        def changed(profile: AssetProfile) -> AssetProfile:
            insights = profile.insights.model_copy(update=found)
            return profile.model_copy(update={"insights": insights})

        return self.assets.change(ticker, changed)


def _covered_until(profile: AssetProfile | None, data_set: DataSet) -> date | None:
    freshness = None if profile is None else profile.freshness.get(data_set)
    return None if freshness is None else freshness.as_of


def _rating(
    ticker: Ticker, articles: Sequence[NewsArticle], as_of: date, window_days: int
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
