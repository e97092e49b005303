"""Telling users what happened to the companies and topics that they follow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..domain import NewsArticle, Notification, User, article_id
from ..events import Event, FinancialDataIngested, NewsIngested
from ..ports import Notifier
from ..repositories import FollowerRepository, NewsRepository, NotifiedRepository, UserRepository

__all__ = ["NotifyFollowers"]


@dataclass(frozen=True)
class NotifyFollowers:
    """Turn events into notifications for those who asked for them.

    A notification's id follows from what it tells and whom, so that nobody is told twice when an
    event is repeated or an article concerns several companies. Nothing stays of what was noted for
    somebody who had their data deleted meanwhile.
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
                return self._notify_of_news(event)
            case FinancialDataIngested():
                return self._notify_of_reports(event)
            case _:
                return 0

    def _notify_of_news(self, event: NewsIngested) -> int:
        articles = list(self.news.between(event.ticker, event.first, event.last))
        topics = {topic for article in articles for topic in article.topics}
        readers = self.users.many(self.followers.of(tickers=[event.ticker], topics=topics))
        return self._send(
            readers,
            (
                _about_news(article, event, user)
                for article in articles
                for user in readers
                if event.ticker in user.watchlist or set(article.topics) & set(user.topics)
            ),
        )

    def _notify_of_reports(self, event: FinancialDataIngested) -> int:
        readers = self.users.many(self.followers.of(tickers=[event.ticker]))
        concerned = (user for user in readers if event.ticker in user.watchlist)
        return self._send(readers, (_about_reports(event, user) for user in concerned))

    def _send(self, readers: Sequence[User], notifications: Iterable[Notification]) -> int:
        unsent = self.notified.unsent(list(notifications))
        if unsent:
            self.notifier.notify(unsent)
            self.notified.note(unsent)
            self._take_back_from_the_gone(readers, unsent)
        return len(unsent)

    def _take_back_from_the_gone(
        self, readers: Sequence[User], noted: Sequence[Notification]
    ) -> None:
        """Forget what was noted for users whose deletion may have been over before it was.

        A deletion removes the record first: where the record still is, all that was noted is seen
        by any deletion to come. One of another age belongs to somebody who came back meanwhile.
        """
        before = {user.user_id: user.created_at for user in readers}
        noted_for = {each.user_id for each in noted}
        now = {user.user_id: user.created_at for user in self.users.many(noted_for)}
        gone = [each for each in noted if now.get(each.user_id) != before[each.user_id]]
        if gone:
            self.notified.take_back(gone)


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
