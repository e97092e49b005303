"""The briefing: recent news for one user, with a summary of the market."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ..domain.news import NewsArticle, SentimentLabel, label_of
from ..repositories.news import ArticlePage, NewsRepository
from ..schemas.companies import AssetSummary
from ..schemas.news import ArticleAnswer, BriefingAnswer, MarketSummary, Tone, ToneOfAsset
from ..tables import MONTH_INDEX, NEWS
from .parameters import check_limit, decode_cursor, encode_cursor, invalid_cursor

if TYPE_CHECKING:
    from ..domain.model import Ticker
    from ..domain.users import User
    from ..ports import Cursor
    from ..repositories.companies import AssetRepository
    from ..repositories.users import RecentlyViewedRepository, UserRepository

Order = Literal["newest", "impact"]
Scope = Literal["interests", "market"]
Scores = Sequence[Decimal | None]

_MAX_PAGE: Final = 200
_RECENT_DAYS: Final = 30
_MAX_RANKED: Final = 1_000
_POSITION: Final = {
    "newest": ("of", *NEWS.key_attributes, MONTH_INDEX.partition_key),
    "impact": ("of", "impact", "published", "id"),
}


class _Request(NamedTuple):
    since: datetime
    sentiment: SentimentLabel | None
    order: Order
    limit: int


@dataclass(frozen=True)
class GetBriefing:
    """News of the thirty days up to the latest article, with a summary of the market.

    Where no article is about the user's topics and watchlist, it holds all news.
    """

    users: UserRepository
    viewed: RecentlyViewedRepository
    assets: AssetRepository
    news: NewsRepository

    def __call__(
        self,
        user_id: str,
        *,
        sentiment: SentimentLabel | None = None,
        order: Order = "newest",
        limit: int = 20,
        cursor: str | None = None,
    ) -> BriefingAnswer:
        """Return a page, with articles of one sentiment only where it is given."""
        check_limit(limit, _MAX_PAGE)
        query = {"list": "briefing", "user": user_id, "sentiment": sentiment, "order": order}
        position = decode_cursor(query, cursor, _POSITION[order])
        user = self._user(user_id)
        viewed = self._viewed(user_id)
        latest = self.news.recent(limit=1).items
        if not latest:
            return BriefingAnswer(of="market", items=[], market=None, viewed=viewed)
        as_of = latest[0].published_at.date()
        since = datetime.combine(as_of - timedelta(days=_RECENT_DAYS - 1), time.min, UTC)
        scope, page = self._page(user, _Request(since, sentiment, order, limit), position)
        return BriefingAnswer(
            of=scope,
            items=list(map(ArticleAnswer.model_validate, page.items)),
            market=summarize_market(self.news, self.assets, as_of),
            viewed=viewed,
            next_cursor=encode_cursor(query, page.cursor and {**page.cursor, "of": scope}),
        )

    def _page(
        self, user: User | None, request: _Request, position: Cursor | None
    ) -> tuple[Scope, ArticlePage]:
        if user is not None and (position is None or position["of"] == "interests"):
            page = self._articles(request, user, position)
            if page.items or position is not None:
                return "interests", page
        return "market", self._articles(request, None, position)

    def _articles(
        self, request: _Request, user: User | None, position: Cursor | None
    ) -> ArticlePage:
        if request.order == "impact":
            articles = self._newest(request, user, _MAX_RANKED, None).items
            return _most_impact(articles, request.limit, position)
        cursor = position and {name: position[name] for name in position if name != "of"}
        return self._newest(request, user, request.limit, cursor)

    def _newest(
        self, request: _Request, user: User | None, limit: int, cursor: Cursor | None
    ) -> ArticlePage:
        def accept(article: NewsArticle) -> bool:
            return request.sentiment in (None, article.label)

        if user is None:
            return self.news.recent(request.since, limit=limit, cursor=cursor, accept=accept)
        return self.news.about_any(
            user.watchlist, user.topics, request.since, limit=limit, cursor=cursor, accept=accept
        )

    def _user(self, user_id: str) -> User | None:
        """Return the user, unless nothing is of interest to them."""
        record = self.users.open(user_id)
        if record is None or not (record.model.watchlist or record.model.topics):
            return None
        return record.model

    def _viewed(self, user_id: str) -> list[AssetSummary]:
        tickers = self.viewed.of_user(user_id)
        known = self.assets.known(tickers)
        return [AssetSummary.model_validate(known[name]) for name in tickers if name in known]


def _most_impact(
    articles: Iterable[NewsArticle], limit: int, position: Cursor | None
) -> ArticlePage:
    ranked = sorted(articles, key=_rank, reverse=True)
    if position is not None:
        last = _rank_at(position)
        ranked = [article for article in ranked if _rank(article) < last]
    page = ranked[:limit]
    return ArticlePage(page, _position(page[-1]) if len(ranked) > limit else None)


def _rank(article: NewsArticle) -> tuple[Decimal, datetime, str]:
    """Order by the strongest sentiment towards a company, weighted by relevance."""
    impacts = [abs(tone.sentiment) * tone.relevance for tone in article.tickers if tone.sentiment]
    impact = max(impacts, default=abs(article.sentiment or Decimal()))
    return impact, article.published_at, article.id


def _position(article: NewsArticle) -> Cursor:
    impact, published, id_ = _rank(article)
    return {"impact": str(impact), "published": published.isoformat(), "id": id_}


def _rank_at(position: Cursor) -> tuple[Decimal, datetime, str]:
    try:
        published = datetime.fromisoformat(position["published"]).astimezone(UTC)
        impact = Decimal(position["impact"])
    except (ValueError, OverflowError, DecimalException) as error:
        raise invalid_cursor() from error
    if impact.is_nan():
        raise invalid_cursor()
    return impact, published, position["id"]


_WINDOW_DAYS: Final = 7
_MAX_ARTICLES: Final = 2_000
_MAX_ASSETS: Final = 10
_NOTABLE_CHANGE: Final = Decimal("0.05")
_FOUR_DIGITS: Final = Decimal("0.0001")


def summarize_market(news: NewsRepository, assets: AssetRepository, as_of: date) -> MarketSummary:
    """Return the tone of the week up to and including `as_of`, compared with the week before."""
    start = datetime.combine(as_of - timedelta(days=2 * _WINDOW_DAYS - 1), time.min, UTC)
    middle = start + timedelta(days=_WINDOW_DAYS)
    page = news.recent(start, datetime.combine(as_of, time.max, UTC), limit=_MAX_ARTICLES)
    week = [article for article in page.items if article.published_at >= middle]
    before = [article for article in page.items if article.published_at < middle]
    counts = Counter(tone.ticker for article in week for tone in article.tickers)
    tickers = sorted(counts, key=lambda ticker: (-counts[ticker], ticker))[:_MAX_ASSETS]
    overall = compare_tones(
        [article.sentiment for article in week], [article.sentiment for article in before]
    )
    known = assets.known(tickers)
    return MarketSummary(
        **dict(overall),
        as_of=as_of,
        window_days=_WINDOW_DAYS,
        companies=len(counts),
        assets=[
            ToneOfAsset(
                **dict(compare_tones(_scores(week, ticker), _scores(before, ticker))),
                ticker=ticker,
                name=known[ticker].name if ticker in known else None,
            )
            for ticker in tickers
        ],
        complete=page.cursor is None,
    )


def compare_tones(week: Scores, before: Scores) -> Tone:
    """Return the mean tone of the articles of a week, and its change since the week before."""
    mean, previous = _mean(week), _mean(before)
    change = None if mean is None or previous is None else mean - previous
    return Tone(
        articles=len(week),
        sentiment=mean,
        label=None if mean is None else label_of(mean),
        previous_articles=len(before),
        previous_sentiment=previous,
        change=change,
        trend=None if change is None else _trend(change),
    )


def _scores(articles: Iterable[NewsArticle], ticker: Ticker) -> list[Decimal | None]:
    return [
        tone.sentiment for article in articles for tone in article.tickers if tone.ticker == ticker
    ]


def _mean(scores: Scores) -> Decimal | None:
    known = [score for score in scores if score is not None]
    return (sum(known, Decimal()) / len(known)).quantize(_FOUR_DIGITS) if known else None


def _trend(change: Decimal) -> Literal["up", "down", "flat"]:
    if abs(change) < _NOTABLE_CHANGE:
        return "flat"
    return "up" if change > 0 else "down"
