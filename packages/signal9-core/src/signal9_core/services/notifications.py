"""Notifications of what happened to the companies and topics that users subscribed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from ..domain.news import article_id
from ..domain.users import Notification
from ..errors import PublishError
from ..events import FinancialDataIngested, NewsIngested

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..domain.news import NewsArticle
    from ..domain.users import User
    from ..events import Event
    from ..ports import Notifier
    from ..repositories.news import NewsRepository
    from ..repositories.notifications import NotificationRepository
    from ..repositories.users import SubscriptionRepository, UserRepository

__all__ = ["NotifySubscribers"]

_RECENT: Final = timedelta(days=7)
"""How old an article may be: a first ingest brings years of news that nobody waits for."""

_USERS: Final = 500
"""How many users are notified at a time."""


@dataclass(frozen=True)
class NotifySubscribers:
    """Turn events into notifications for users who subscribed.

    A notification is claimed by a conditional write before it is sent, under an id that follows
    from its subject and its user, so that a repeated event sends only what was refused before.
    """

    users: UserRepository
    subscriptions: SubscriptionRepository
    news: NewsRepository
    notifications: NotificationRepository
    notifier: Notifier

    def __call__(self, event: Event) -> int:
        """Notify all subscribers; return how many notifications were sent."""
        match event:
            case NewsIngested():
                return self._notify_of_news(event)
            case FinancialDataIngested():
                return self._notify_of_reports(event)
            case _:
                return 0

    def _notify_of_news(self, event: NewsIngested) -> int:
        first = max(event.first, event.at - _RECENT)
        articles = list(self.news.between(event.ticker, first, event.last))
        if not articles:
            return 0
        topics = {name for item in articles for name in item.topics}
        return sum(
            self._send(
                users,
                [
                    _about_article(article, event, user)
                    for article in articles
                    for user in users
                    if event.ticker in user.watchlist or set(article.topics) & set(user.topics)
                ],
            )
            for users in self._subscribers(event.ticker, topics)
        )

    def _notify_of_reports(self, event: FinancialDataIngested) -> int:
        return sum(
            self._send(
                users,
                [_about_reports(event, user) for user in users if event.ticker in user.watchlist],
            )
            for users in self._subscribers(event.ticker)
        )

    def _subscribers(self, ticker: str, topics: Iterable[str] = ()) -> Iterator[Sequence[User]]:
        """Yield the users who subscribe to the company or to a topic, some at a time."""
        user_ids = self.subscriptions.subscribers(tickers=[ticker], topics=topics)
        while chunk := list(islice(user_ids, _USERS)):
            yield self.users.many(chunk)

    def _send(self, users: Sequence[User], notifications: Sequence[Notification]) -> int:
        claimed = self.notifications.claim(notifications)
        deleted = self._deleted(users) if claimed else set()
        self.notifications.release(item for item in claimed if item.user_id in deleted)
        for user_id in deleted:
            self.notifications.forget(user_id)
        wanted = [item for item in claimed if item.user_id not in deleted]
        try:
            self.notifier.notify(wanted)
        except PublishError as error:
            self.notifications.release(item for item in wanted if item in error.refused)
            raise
        return len(wanted)

    def _deleted(self, users: Sequence[User]) -> set[str]:
        """Return the users whose record was deleted since it was read.

        A deletion removes the record first, so while the record exists, every claim is found by a
        deletion to come. A user who returned has a record with another `created_at`.
        """
        current = self.users.many(user.user_id for user in users)
        existing = {(user.user_id, user.created_at) for user in current}
        return {user.user_id for user in users if (user.user_id, user.created_at) not in existing}


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
