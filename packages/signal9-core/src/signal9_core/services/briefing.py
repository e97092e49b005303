"""How the tone of news changes from one week to the next."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from ..domain import NewsArticle, SentimentLabel, Ticker, User, label_of
from ..ports import Cursor
from ..repositories import AssetRepository, NewsRepository, RecentlyViewedRepository, UserRepository
from ..schemas import AssetSummary, BriefingAnswer, MarketSummary, Tone, ToneOfAsset
from ..schemas.users import Trend
from .cursors import CursorSigner
from .queries import article_answer, check_limit

__all__ = ["GetBriefing", "Order", "summary_of", "tone_of"]

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


LIMIT: Final = 200
RECENT_DAYS: Final = 30
_MOST_RANKED: Final = 1_000

Of = Literal["interests", "market"]
Order = Literal["newest", "impact"]
Accept = Callable[[NewsArticle], bool]


class _Wanted(NamedTuple):
    """What of the recent news is asked for, and how much at a time."""

    since: datetime
    accept: Accept
    order: Order
    limit: int


@dataclass(frozen=True)
class GetBriefing:
    """News of the thirty days up to the latest article, with a summary of the market.

    Where nothing of it touches the caller's topics and watchlist, or they have none, all of it.
    """

    users: UserRepository
    viewed: RecentlyViewedRepository
    assets: AssetRepository
    news: NewsRepository
    cursors: CursorSigner

    def __call__(
        self,
        user_id: str,
        *,
        sentiment: SentimentLabel | None = None,
        order: Order = "newest",
        limit: int = 20,
        cursor: str | None = None,
    ) -> BriefingAnswer:
        """Return a page, only articles of this tone if one is given."""
        check_limit(limit, LIMIT)
        query = {"of": "briefing", "user": user_id, "sentiment": sentiment, "order": order}
        position = self.cursors.read(query, cursor)
        latest = self.news.recent(limit=1).items
        if not latest:
            return BriefingAnswer(of="market", items=[], market=None, viewed=self._viewed(user_id))
        as_of = latest[0].published_at.date()
        since = datetime.combine(as_of - timedelta(days=RECENT_DAYS - 1), time.min, UTC)
        wanted = _Wanted(since, _of_tone(sentiment), order, limit)
        of, items, more = self._page(user_id, wanted, position)
        return BriefingAnswer(
            of=of,
            items=[article_answer(each) for each in items],
            market=summary_of(self.news, self.assets, as_of),
            viewed=self._viewed(user_id),
            next_cursor=self.cursors.sign(query, more),
        )

    def _page(
        self, user_id: str, wanted: _Wanted, position: Cursor | None
    ) -> tuple[Of, list[NewsArticle], Cursor | None]:
        found = self.users.get(user_id)
        follows = _follows(found.user) if found and (position or {}).get("all") != "1" else None
        if follows is not None:
            items, more = self._read(wanted, follows, position)
            if items or position is not None:
                return "interests", items, more
        items, more = self._read(wanted, _any, position)
        return "market", items, more and {**more, "all": "1"}

    def _read(
        self, wanted: _Wanted, follows: Accept, position: Cursor | None
    ) -> tuple[list[NewsArticle], Cursor | None]:
        def accept(article: NewsArticle) -> bool:
            return follows(article) and wanted.accept(article)

        cursor = {name: each for name, each in (position or {}).items() if name != "all"} or None
        if wanted.order == "newest":
            return self.news.recent(wanted.since, limit=wanted.limit, cursor=cursor, accept=accept)
        found = self.news.recent(wanted.since, limit=_MOST_RANKED, accept=accept).items
        ranked = sorted(found, key=_rank, reverse=True)
        if cursor is not None:
            ranked = [each for each in ranked if _rank(each) < _rank_in(cursor)]
        page = ranked[: wanted.limit]
        return page, _cursor(page[-1]) if len(ranked) > len(page) else None

    def _viewed(self, user_id: str) -> list[AssetSummary]:
        tickers = self.viewed.of_user(user_id)
        known = self.assets.known(tickers)
        return [
            AssetSummary(
                ticker=each.ticker, name=each.name, exchange=each.exchange, sector=each.sector
            )
            for each in (known[ticker] for ticker in tickers if ticker in known)
        ]


def impact_of(article: NewsArticle) -> Decimal:
    """Return how strongly an article speaks of the company it touches most, from 0 to 1."""
    named = [abs(each.sentiment) * each.relevance for each in article.tickers if each.sentiment]
    return max(named, default=abs(article.sentiment or Decimal()))


def _of_tone(sentiment: SentimentLabel | None) -> Accept:
    return lambda article: sentiment is None or article.label == sentiment


def _any(_: NewsArticle) -> bool:
    return True


def _follows(user: User) -> Accept | None:
    watchlist, topics = set(user.watchlist), set(user.topics)
    if not (watchlist or topics):
        return None
    return lambda article: (
        not topics.isdisjoint(article.topics)
        or not watchlist.isdisjoint(each.ticker for each in article.tickers)
    )


def _rank(article: NewsArticle) -> tuple[Decimal, datetime, str]:
    return impact_of(article), article.published_at, article.id


def _cursor(article: NewsArticle) -> Cursor:
    impact, published, id_ = _rank(article)
    return {"impact": str(impact), "published": published.isoformat(), "id": id_}


def _rank_in(cursor: Cursor) -> tuple[Decimal, datetime, str]:
    return Decimal(cursor["impact"]), datetime.fromisoformat(cursor["published"]), cursor["id"]
