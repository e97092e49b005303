"""Notifications of what happened to the companies and topics that users subscribed to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..domain import NewsArticle, Notification, User, article_id
from ..events import Event, FinancialDataIngested, NewsIngested
from ..ports import Notifier
from ..repositories import FollowerRepository, NewsRepository, NotifiedRepository, UserRepository

__all__ = ["NotifyFollowers"]

_RECENT: Final = timedelta(days=7)
"""How old an article may be: a first ingest brings years of news that nobody waits for."""


@dataclass(frozen=True)
class NotifyFollowers:
    """Turn events into notifications for users who subscribed.

    A notification is claimed by a conditional write before it is sent, under an id that follows
    from its subject and its user: whoever repeats an event finds it claimed and sends nothing.
    """

    users: UserRepository
    subscriptions: FollowerRepository
    news: NewsRepository
    notifications: NotifiedRepository
    notifier: Notifier

    def __call__(self, event: Event) -> int:
        """Notify all subscribers; return how many notifications were sent."""
        match event:
            case NewsIngested():
                return self._send(self._about_news(event))
            case FinancialDataIngested():
                return self._send(self._about_reports(event))
            case _:
                return 0

    def _about_news(self, event: NewsIngested) -> Iterable[Notification]:
        first = max(event.first, event.at - _RECENT)
        articles = list(self.news.between(event.ticker, first, event.last))
        topics = {topic for article in articles for topic in article.topics}
        users = self._subscribers(event.ticker, topics) if articles else []
        return (
            _about_article(article, event, user)
            for article in articles
            for user in users
            if event.ticker in user.watchlist or set(article.topics) & set(user.topics)
        )

    def _about_reports(self, event: FinancialDataIngested) -> Iterable[Notification]:
        users = self._subscribers(event.ticker)
        return (_about_reports(event, user) for user in users if event.ticker in user.watchlist)

    def _subscribers(self, ticker: str, topics: Iterable[str] = ()) -> Sequence[User]:
        return self.users.many(self.subscriptions.of(tickers=[ticker], topics=topics))

    def _send(self, notifications: Iterable[Notification]) -> int:
        claimed = self.notifications.claim(list(notifications))
        if claimed:
            self.notifier.notify(claimed)
        return len(claimed)


def _about_article(article: NewsArticle, event: NewsIngested, user: User) -> Notification:
    return Notification(
        id=article_id(user.user_id, article.id),
        user_id=user.user_id,
        kind="news",
        ticker=event.ticker,
        title=article.title,
        created_at=event.at,
    )


def _about_reports(event: FinancialDataIngested, user: User) -> Notification:
    reports = ", ".join(kind.replace("_", " ") for kind in event.reports)
    return Notification(
        id=article_id(user.user_id, event.ticker, reports, event.at.isoformat()),
        user_id=user.user_id,
        kind="financials",
        ticker=event.ticker,
        title=f"{event.ticker}: new {reports}",
        created_at=event.at,
    )
