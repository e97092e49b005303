"""Telling users what happened to the companies and topics that they follow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .domain import NewsArticle, Notification, User, article_id
from .events import Event, FinancialDataIngested, NewsIngested
from .ports import Notifier
from .repositories import (
    FollowerRepository,
    NewsRepository,
    NotifiedRepository,
    UserRepository,
)

__all__ = ["NotifyFollowers"]


@dataclass(frozen=True)
class NotifyFollowers:
    """Turn events into notifications for those who asked for them.

    A notification's id follows from what it tells and whom, so that nobody is told twice when an
    event is repeated or an article concerns several companies.
    """

    users: UserRepository
    followers: FollowerRepository
    news: NewsRepository
    notified: NotifiedRepository
    notifier: Notifier

    def __call__(self, event: Event) -> int:
        """Notify all who follow what the event is about; return how many notifications went out."""
        match event:
            case NewsIngested():
                return self._send(self._of_news(event))
            case FinancialDataIngested():
                return self._send(self._of_reports(event))
            case _:
                return 0

    def _send(self, notifications: Iterable[Notification]) -> int:
        unsent = self.notified.unsent(list(notifications))
        if unsent:
            self.notifier.notify(unsent)
            self.notified.note(unsent)
        return len(unsent)

    def _of_news(self, event: NewsIngested) -> Iterator[Notification]:
        articles = list(self.news.between(event.ticker, event.first, event.last))
        topics = {topic for article in articles for topic in article.topics}
        readers = self.users.many(self.followers.of(tickers=[event.ticker], topics=topics))
        for article in articles:
            for user in readers:
                if event.ticker in user.watchlist or set(article.topics) & set(user.topics):
                    yield _about_news(article, event, user)

    def _of_reports(self, event: FinancialDataIngested) -> Iterator[Notification]:
        reports = ", ".join(kind.replace("_", " ") for kind in event.reports)
        for user in self.users.many(self.followers.of(tickers=[event.ticker])):
            if event.ticker in user.watchlist:
                yield Notification(
                    id=article_id(user.user_id, event.ticker, reports, event.at.isoformat()),
                    user_id=user.user_id,
                    kind="financials",
                    ticker=event.ticker,
                    title=f"{event.ticker}: new {reports}",
                    created_at=event.at,
                )


def _about_news(article: NewsArticle, event: NewsIngested, user: User) -> Notification:
    return Notification(
        id=article_id(user.user_id, article.id),
        user_id=user.user_id,
        kind="news",
        ticker=event.ticker,
        title=article.title,
        created_at=event.at,
    )
