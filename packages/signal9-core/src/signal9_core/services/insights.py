"""Insights: figures that follow from the stored facts of a company, updated when these change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..domain.adjustment import in_last_shares
from ..domain.companies import DataSet, PriceRange, SentimentRating
from ..domain.coverage import covering_span
from ..domain.news import label_of
from ..events import AssetDataUpdated, NewsIngested, NewsSentimentAnalyzed, PricesUpdated
from ..ports import ABSENT
from ..repositories.optimistic import retry_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from ..domain.companies import AssetProfile, Insights
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..domain.prices import PriceSeries
    from ..events import Event
    from ..ports import Clock, EventPublisher, SentimentScorer
    from ..repositories.actions import ActionRepository
    from ..repositories.companies import AssetRepository
    from ..repositories.news import NewsRepository
    from ..repositories.prices import PriceRepository

__all__ = ["UpdateInsights"]

_SIX_DIGITS: Final = Decimal("0.000001")
_YEAR: Final = timedelta(weeks=52)
_SPLITS_UNKNOWN: Final = "The splits of these 52 weeks are not known."


@dataclass(frozen=True)
class UpdateInsights:
    """Score articles that came without sentiment, and update sentiment rating and 52-week range."""

    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    news: NewsRepository
    scorer: Callable[[], SentimentScorer]
    publisher: EventPublisher
    clock: Clock
    window_days: int

    def __call__(self, event: Event) -> None:
        """Update what this event touches; repeating it changes and announces nothing."""
        match event:
            case NewsIngested():
                self._score(event.ticker, event.first, event.last)
                self._update_sentiment(event.ticker, event.last.date())
            case PricesUpdated():
                self._update(event.ticker, self._with_range)
            case AssetDataUpdated(data_set="overview"):
                for ticker in event.tickers:
                    self._update_sentiment(ticker)
                    self._update(ticker, self._with_range)

    def _score(self, ticker: Ticker, first: datetime, last: datetime) -> None:
        for article in self.news.between(ticker, first, last):
            if article.sentiment is None:
                scorer = self.scorer()
                score = Decimal(str(scorer.score(article.text))).quantize(_SIX_DIGITS)
                self.news.put_score(article.scored(score, scorer.name))

    def _update_sentiment(self, ticker: Ticker, latest: date | None = None) -> None:
        """Rate the days up to the latest one that is covered or, as `latest`, has an article."""

        def with_rating(profile: AssetProfile) -> Insights:
            rating = profile.insights.sentiment
            rated = None if rating is None else rating.as_of
            days = (_covered_until(profile, DataSet.NEWS), latest, rated)
            as_of = max((day for day in days if day is not None), default=None)
            update = {} if as_of is None else {"sentiment": self._rating(profile, as_of)}
            return profile.insights.model_copy(update=update)

        self._update(ticker, with_rating)

    def _update(self, ticker: Ticker, update: Callable[[AssetProfile], Insights]) -> None:
        """Write insights over the profile that they follow from, so that older facts never win."""

        def attempt() -> None:
            profile, version = self.assets.read(ticker)
            if version == ABSENT:
                return
            insights = update(profile)
            if insights == profile.insights:
                return
            if insights.sentiment != profile.insights.sentiment:
                # Before the write, so that repeating it after a failure announces it again.
                self._announce(ticker, insights.sentiment)
            self.assets.put(profile.model_copy(update={"insights": insights}), expected=version)

        retry_on_conflict(attempt)

    def _announce(self, ticker: Ticker, rating: SentimentRating | None) -> None:
        if rating is not None:
            event = NewsSentimentAnalyzed(
                at=self.clock(), ticker=ticker, score=rating.score, sample_size=rating.sample_size
            )
            self.publisher.publish([event])

    def _rating(self, profile: AssetProfile, as_of: date) -> SentimentRating | None:
        ticker, day = (
            profile.asset.ticker,
            profile.own(as_of - timedelta(days=self.window_days - 1)),
        )
        if day is None or day > as_of:
            return None  # the latest articles are about a former owner of the ticker
        first = datetime.combine(day, time.min, UTC)
        articles = self.news.between(ticker, first, datetime.combine(as_of, time.max, UTC))
        return _rating(ticker, articles, as_of, self.window_days)

    def _with_range(self, profile: AssetProfile) -> Insights:
        as_of = _covered_until(profile, DataSet.PRICES)
        if as_of is None:
            return profile.insights
        ticker = profile.asset.ticker
        year = self.prices.between(ticker, profile.own(as_of - _YEAR + timedelta(days=1)), as_of)
        price_range, reason = None, None
        if year:
            actions, coverage = self.actions.known(ticker)
            if covering_span(coverage, year.day(0), year.day(-1)) is None:
                reason = _SPLITS_UNKNOWN
            else:
                price_range = _range(in_last_shares(year, actions), as_of)
        update = {"range_52_weeks": price_range, "no_range_reason": reason}
        return profile.insights.model_copy(update=update)


def _range(year: PriceSeries, as_of: date) -> PriceRange:
    low, high = year.low.index(min(year.low)), year.high.index(max(year.high))
    return PriceRange(
        as_of=as_of,
        low=year.price("low", low),
        low_on=year.day(low),
        high=year.price("high", high),
        high_on=year.day(high),
    )


def _covered_until(profile: AssetProfile, data_set: DataSet) -> date | None:
    freshness = profile.freshness.get(data_set)
    return None if freshness is None else freshness.as_of


def _rating(
    ticker: Ticker, articles: Iterable[NewsArticle], as_of: date, window_days: int
) -> SentimentRating | None:
    """Return the mean score, weighted by relevance; `None` without a single scored article."""
    scores = [
        (mention.sentiment, mention.relevance)
        for article in articles
        for mention in article.tickers
        if mention.ticker == ticker and mention.sentiment is not None
    ]
    weight = sum((relevance for _, relevance in scores), Decimal(0))
    if not weight:
        return None
    total = sum((score * relevance for score, relevance in scores), Decimal(0))
    mean = (total / weight).quantize(_SIX_DIGITS)
    return SentimentRating(
        as_of=as_of,
        window_days=window_days,
        sample_size=len(scores),
        score=mean,
        label=label_of(mean),
    )
