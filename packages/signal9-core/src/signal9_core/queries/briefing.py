"""The caller's briefing: news of what they follow, else of all, and how the market does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from ..answers import AssetSummary
from ..domain import NewsArticle, SentimentLabel, User
from ..personal import BriefingAnswer
from ..ports import Cursor
from ..repositories import AssetRepository, NewsRepository, UserRepository, ViewedRepository
from .cursors import CursorSigner
from .news import article_answer
from .parameters import check_limit
from .trends import summary_of

__all__ = ["GetBriefing", "Order"]

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
    viewed: ViewedRepository
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
