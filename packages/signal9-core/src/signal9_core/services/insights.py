"""Insights: figures that follow from the stored facts of a company, updated when these change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..domain.companies import AssetProfile, DataSet, ProblemKind
from ..domain.figures import (
    PriceYear,
    cash_flow_figures,
    earnings_figures,
    income_figures,
    price_figures,
    price_range,
)
from ..domain.insights import LEAST_ARTICLES, SentimentRating
from ..domain.news import NewsArticle, label_of
from ..domain.reports import ReportKind
from ..errors import InsufficientDataError, ScoringError
from ..events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
)
from ..ports import ABSENT, Clock, EventPublisher, SentimentScorer
from ..repositories.optimistic import retry_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..domain.model import Ticker
    from ..repositories.companies import AssetRepository
    from ..repositories.news import NewsRepository
    from ..repositories.prices import ActionRepository, PriceRepository
    from ..repositories.reports import FinancialsRepository

_SIX_DIGITS: Final = Decimal("0.000001")
_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(weeks=52)
_PERIODS: Final = 10
"""Two years of quarters, for growth, and those that a source lists before they are reported."""


@dataclass(frozen=True)
class UpdateInsights:
    """Score articles that came without sentiment, and update what follows from stored facts."""

    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    financials: FinancialsRepository
    news: NewsRepository
    scorer: Callable[[], SentimentScorer]
    publisher: EventPublisher
    clock: Clock
    window_days: int

    def __call__(self, event: Event) -> None:
        """Update what this event touches; repeating it changes and announces nothing."""
        match event:
            case NewsIngested():
                if not self._update(event.ticker, lambda old: self._with_sentiment(old, event)):
                    # Once the company is known, nothing announces these articles again.
                    self._scored(self.news.between(event.ticker, event.first, event.last))
            case PricesUpdated():
                self._update(event.ticker, self._with_prices)
            case FinancialDataIngested() | FinancialDataRestated():
                self._update(event.ticker, lambda old: self._with_prices(self._with_reports(old)))
            case AssetDataUpdated(data_set="overview"):
                for ticker in event.tickers:
                    self._update(ticker, self._with_everything)

    def _with_everything(self, profile: AssetProfile) -> AssetProfile:
        return self._with_sentiment(self._with_prices(self._with_reports(profile)))

    def _update(self, ticker: Ticker, update: Callable[[AssetProfile], AssetProfile]) -> bool:
        """Write insights over the profile that they follow from, so that older facts never win.

        Return whether the company is known.
        """

        def attempt() -> bool:
            before, version = self.assets.read(ticker)
            if version == ABSENT:
                return False
            after = update(before)
            if after == before:
                return True
            if after.insights.sentiment != before.insights.sentiment:
                # Before the write, so that repeating it after a failure announces it again.
                self._announce(ticker, after.insights.sentiment)
            self.assets.put(after, expected=version)
            return True

        return retry_on_conflict(attempt)

    def _announce(self, ticker: Ticker, rating: SentimentRating | None) -> None:
        if rating is not None:
            event = NewsSentimentAnalyzed(
                at=self.clock(), ticker=ticker, score=rating.score, sample_size=rating.sample_size
            )
            self.publisher.publish([event])

    def _with_sentiment(
        self, profile: AssetProfile, event: NewsIngested | None = None
    ) -> AssetProfile:
        """Rate the days up to the latest one that is covered or has an article, and score them."""
        rating = profile.insights.sentiment
        days = [
            _covered_until(profile, DataSet.NEWS),
            None if rating is None else rating.as_of,
            None if event is None else event.last.date(),
        ]
        as_of = max((day for day in days if day is not None), default=None)
        if as_of is None:
            return profile
        first = datetime.combine(as_of - (self.window_days - 1) * _DAY, time.min, UTC)
        last = datetime.combine(as_of, time.max, UTC)
        oldest = first if event is None else min(first, event.first)
        ticker = profile.asset.ticker
        articles, problem = self._scored(self.news.between(ticker, oldest, last))
        profile = profile.with_problem(ProblemKind.SENTIMENT, problem, self.clock().date())
        # The latest articles may be about a former owner of the ticker.
        own = profile.own(first.date()) or first.date()
        recent = (article for article in articles if article.published_at.date() >= own)
        return _with(profile, sentiment=_rating(ticker, recent, as_of, self.window_days))

    def _scored(self, articles: Iterable[NewsArticle]) -> tuple[list[NewsArticle], str | None]:
        """Return articles, scored where their source did not, and why some are still without.

        These are scored by the next update; so is the rest where the scorer itself fails.
        """
        by_id = {article.id: article for article in articles}
        unscored = [article for article in by_id.values() if article.sentiment is None]
        problem: str | None = None
        if unscored:
            scorer = self.scorer()
            for article in unscored[: scorer.most_at_once]:
                try:
                    score = Decimal(str(scorer.score(article.text))).quantize(_SIX_DIGITS)
                except ScoringError as error:
                    problem = f"articles are not scored: {error}"
                    if error.transient:
                        break
                else:
                    by_id[article.id] = article.scored(score, scorer.name)
                    self.news.put_score(by_id[article.id])
        return list(by_id.values()), problem

    def _with_reports(self, profile: AssetProfile) -> AssetProfile:
        own = profile.own()
        recent = {
            kind: [report for report in reports if own is None or report.fiscal_date_ending >= own]
            for kind, reports in self.financials.recent(profile.asset.ticker, _PERIODS).items()
        }
        return _with(
            profile,
            income=income_figures(recent),
            cash_flow=cash_flow_figures(recent),
            earnings=earnings_figures(recent),
        )

    def _with_prices(self, profile: AssetProfile) -> AssetProfile:
        as_of = _covered_until(profile, DataSet.PRICES)
        if as_of is None:
            return profile
        first = as_of - _YEAR + _DAY
        ticker = profile.asset.ticker
        bars = self.prices.between(ticker, profile.own(first), as_of)
        if not len(bars):
            return _with(profile, range_52_weeks=None, no_range_reason=None, prices=None)
        year = PriceYear(bars, (first, as_of), *self.actions.known(ticker))
        received = profile.reports_received.get(ReportKind.EARNINGS)
        earnings = profile.insights.earnings
        figures = price_figures(year, earnings, None if received is None else received.date())
        try:
            known, reason = price_range(year), None
        except InsufficientDataError as error:
            known, reason = None, str(error)
        return _with(profile, range_52_weeks=known, no_range_reason=reason, prices=figures)


def _with(profile: AssetProfile, **changes: object) -> AssetProfile:
    insights = profile.insights.model_copy(update=changes)
    return profile.model_copy(update={"insights": insights})


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
    mean = (total / weight).quantize(_SIX_DIGITS) if len(scores) >= LEAST_ARTICLES else None
    return SentimentRating(
        as_of=as_of,
        window_days=window_days,
        sample_size=len(scores),
        score=mean,
        label="insufficient" if mean is None else label_of(mean),
    )
