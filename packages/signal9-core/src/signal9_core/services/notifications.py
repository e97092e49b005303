"""Notifications of what happened to the companies and topics that users subscribe to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..domain import NewsArticle, Notification, User, article_id
from ..errors import PublishError
from ..events import Event, FinancialDataIngested, NewsIngested
from ..ports import Notifier
from ..repositories import (
    NewsRepository,
    NotificationRepository,
    SubscriptionRepository,
    UserRepository,
)

__all__ = ["NotifySubscribers"]


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
        articles = list(self.news.between(event.ticker, event.first, event.last))
        topics = {topic for article in articles for topic in article.topics}
        users = self.users.many(
            self.subscriptions.subscribers(tickers=[event.ticker], topics=topics)
        )
        return self._send(
            users,
            (
                _about_news(article, event, user)
                for article in articles
                for user in users
                if event.ticker in user.watchlist or set(article.topics) & set(user.topics)
            ),
        )

    def _notify_of_reports(self, event: FinancialDataIngested) -> int:
        users = self.users.many(self.subscriptions.subscribers(tickers=[event.ticker]))
        watching = (user for user in users if event.ticker in user.watchlist)
        return self._send(users, (_about_reports(event, user) for user in watching))

    def _send(self, users: Sequence[User], notifications: Iterable[Notification]) -> int:
        claimed = self.notifications.claim(list(notifications))
        deleted = self._deleted(users, claimed)
        self.notifications.release(claim for claim in claimed if claim.user_id in deleted)
        for user_id in deleted:
            self.notifications.forget(user_id)
        wanted = [claim for claim in claimed if claim.user_id not in deleted]
        if wanted:
            self._notify(wanted)
        return len(wanted)

    def _deleted(self, users: Sequence[User], claimed: Sequence[Notification]) -> set[str]:
        """Return the users who had their data deleted before anything was claimed for them.

        A deletion removes the record first: while it exists, a deletion to come will find what was
        claimed. A record of another age belongs to a user who came back.
        """
        before = {user.user_id: user.created_at for user in users}
        user_ids = {claim.user_id for claim in claimed}
        present = {user.user_id: user.created_at for user in self.users.many(user_ids)}
        return {user_id for user_id in user_ids if present.get(user_id) != before[user_id]}

    def _notify(self, notifications: Sequence[Notification]) -> None:
        try:
            self.notifier.notify(notifications)
        except PublishError as error:
            refused = [claim for claim in notifications if claim in error.refused]
            self.notifications.release(refused)
            raise


def _about_news(article: NewsArticle, event: NewsIngested, user: User) -> Notification:
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
