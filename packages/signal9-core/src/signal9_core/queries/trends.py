"""How the tone of news changes from one week to the next."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from ..domain import NewsArticle, Ticker, label_of
from ..personal import MarketSummary, Tone, ToneOfAsset, Trend
from ..repositories import AssetRepository, NewsRepository

__all__ = ["summary_of", "tone_of"]

WINDOW_DAYS: Final = 7
_MOST_ARTICLES: Final = 2_000
_MOST_ASSETS: Final = 10
_NOTABLE: Final = Decimal("0.05")
_CENT: Final = Decimal("0.0001")

Scores = Sequence[Decimal | None]


class _Weeks(NamedTuple):
    """The articles of the last week and of the one before it."""

    last: list[NewsArticle]
    before: list[NewsArticle]


def summary_of(news: NewsRepository, assets: AssetRepository, as_of: date) -> MarketSummary:
    """Return how news spoke in the week up to and including `as_of`, set against the one before."""
    start = datetime.combine(as_of - timedelta(days=2 * WINDOW_DAYS - 1), time.min, UTC)
    middle = start + timedelta(days=WINDOW_DAYS)
    end = datetime.combine(as_of, time.max, UTC)
    page = news.recent(start, end, limit=_MOST_ARTICLES)
    weeks = _Weeks(
        [each for each in page.items if each.published_at >= middle],
        [each for each in page.items if each.published_at < middle],
    )
    counts = Counter(named.ticker for each in weeks.last for named in each.tickers)
    most = [name for name, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
    overall = tone_of(*(([each.sentiment for each in week]) for week in weeks))
    return MarketSummary(
        **overall.model_dump(by_alias=False),
        as_of=as_of,
        window_days=WINDOW_DAYS,
        companies=len(counts),
        assets=_tones(weeks, most[:_MOST_ASSETS], assets),
        complete=page.cursor is None,
    )


def tone_of(last: Scores, before: Scores) -> Tone:
    """Return the mean tone of the articles of two windows, and where it goes."""
    now, then = _mean(last), _mean(before)
    change = None if now is None or then is None else now - then
    return Tone(
        articles=len(last),
        sentiment=now,
        label=None if now is None else label_of(now),
        previous_articles=len(before),
        previous_sentiment=then,
        change=change,
        trend=None if change is None else _trend(change),
    )


def _tones(weeks: _Weeks, tickers: Sequence[Ticker], assets: AssetRepository) -> list[ToneOfAsset]:
    known = assets.known(tickers)
    return [
        ToneOfAsset(
            **tone_of(*(_scores(week, ticker) for week in weeks)).model_dump(by_alias=False),
            ticker=ticker,
            name=known[ticker].name if ticker in known else None,
        )
        for ticker in tickers
    ]


def _scores(articles: Iterable[NewsArticle], ticker: Ticker) -> list[Decimal | None]:
    return [
        named.sentiment for each in articles for named in each.tickers if named.ticker == ticker
    ]


def _mean(scores: Scores) -> Decimal | None:
    known = [each for each in scores if each is not None]
    return (sum(known, Decimal()) / len(known)).quantize(_CENT) if known else None


def _trend(change: Decimal) -> Trend:
    if abs(change) < _NOTABLE:
        return "flat"
    return "up" if change > 0 else "down"
