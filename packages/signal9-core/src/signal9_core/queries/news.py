"""News as the API serves it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from ..answers import ArticleAnswer, NewsAnswer, TickerTone
from ..domain import DataSet, NewsArticle
from ..ports import Cursor
from ..repositories import AssetRepository, NewsRepository
from ..repositories.news import ArticlePage
from .assets import freshness_of
from .cursors import CursorSigner
from .parameters import Nearest, check_limit, check_range, check_topic, existing

__all__ = ["ListNews"]

LIMIT: Final = 1_000


@dataclass(frozen=True)
class ListNews:
    """Articles, newest first: all, or those about a company, on a topic, of certain days."""

    assets: AssetRepository
    news: NewsRepository
    cursors: CursorSigner
    nearest: Nearest

    def __call__(
        self,
        *,
        ticker: str | None = None,
        topic: str | None = None,
        first: date | None = None,
        last: date | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> NewsAnswer:
        """Return a page of articles published from `first` to `last`, both included, in UTC."""
        check_limit(limit, LIMIT)
        check_range(first, last)
        profile = None if ticker is None else existing(self.assets, ticker, self.nearest)
        company = None if profile is None else profile.asset.ticker
        tag = None if topic is None else check_topic(topic)
        query = {"of": "news", "ticker": company, "topic": tag, "from": first, "to": last}
        page = self._page(company, tag, first, last, limit, self.cursors.read(query, cursor))
        return NewsAnswer(
            items=[article_answer(each) for each in page.items],
            next_cursor=self.cursors.sign(query, page.cursor),
            freshness=None if profile is None else freshness_of(profile, DataSet.NEWS),
        )

    def _page(
        self,
        company: str | None,
        topic: str | None,
        first: date | None,
        last: date | None,
        limit: int,
        cursor: Cursor | None,
    ) -> ArticlePage:
        start = None if first is None else datetime.combine(first, time.min, UTC)
        stop = None if last is None else datetime.combine(last, time.max, UTC)

        def accept(article: NewsArticle) -> bool:
            return topic is None or topic in article.topics

        if company is None:
            return self.news.recent(start, stop, limit=limit, cursor=cursor, accept=accept)
        return self.news.of_company(company, start, stop, limit=limit, cursor=cursor, accept=accept)


def article_answer(article: NewsArticle) -> ArticleAnswer:
    """Return an article as the API serves it."""
    return ArticleAnswer(
        id=article.id,
        published_at=article.published_at,
        title=article.title,
        summary=article.summary,
        url=article.url,
        source=article.source,
        topics=article.topics,
        tickers=[
            TickerTone(
                ticker=each.ticker,
                relevance=each.relevance,
                sentiment=each.sentiment,
                label=each.label,
            )
            for each in article.tickers
        ],
        sentiment=article.sentiment,
        label=article.label,
        scored_by=article.scored_by,
    )
