"""Notifications of companies and topics that users subscribed to, and when these are sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from urllib.parse import quote

from ..domain.adjustment import in_last_shares
from ..domain.coverage import covering_span
from ..domain.news import NewsArticle, article_id
from ..domain.reports import Period, ReportKind
from ..domain.users import LONGEST_TITLE, Notification, User
from ..errors import PublishError
from ..events import (
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    PricesUpdated,
)
from ..ports import Clock, Mail, Mailer, Notifier
from ..schemas.operations import DeliveryAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..repositories.news import NewsRepository
    from ..repositories.notifications import NotificationRepository, WaitingNotification
    from ..repositories.prices import ActionRepository, PriceRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.users import SubscriptionRepository, UserRepository

_API: Final = "/api/v1"
_RECENT: Final = timedelta(days=7)
"""How old news and prices may be: a first ingest brings years of them that nobody waits for."""

_RECENT_PERIOD: Final = timedelta(days=120)
"""How long ago a fiscal period may have ended: reports are due within ninety days."""

_NOTABLE_CHANGE: Final = Decimal("0.05")
_USERS: Final = 500
"""How many users are notified at a time."""


class _Fact(NamedTuple):
    """What users may be notified of; `key` tells it from all others."""

    key: tuple[str, ...]
    kind: Literal["news", "prices", "financials"]
    title: str
    path: str
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NotifySubscribers:
    """Turn events into notifications in the inboxes of users who subscribed.

    A notification is claimed by a conditional write, under an id that follows from its subject and
    its user, so that a repeated event adds nothing. `SendNotifications` sends it when it is due.
    """

    users: UserRepository
    subscriptions: SubscriptionRepository
    news: NewsRepository
    prices: PriceRepository
    actions: ActionRepository
    financials: FinancialsRepository
    notifications: NotificationRepository

    def __call__(self, event: Event) -> int:
        """Notify all subscribers; return how many notifications are new."""
        match event:
            case NewsIngested():
                facts = self._articles(event)
            case FinancialDataIngested() if self._is_watched(event.ticker):
                facts = self._reports(event)
            case FinancialDataRestated() if self._is_watched(event.ticker):
                facts = [_about_restatement(event)]
            case PricesUpdated() if self._is_watched(event.ticker):
                facts = self._price_change(event)
            case _:
                return 0
        return self._notify(event, event.ticker, facts) if facts else 0

    def _is_watched(self, ticker: str) -> bool:
        return next(self.subscriptions.subscribers(tickers=[ticker]), None) is not None

    def _articles(self, event: NewsIngested) -> list[_Fact]:
        first = max(event.first, event.at - _RECENT)
        return list(map(_about_article, self.news.between(event.ticker, first, event.last)))

    def _reports(self, event: FinancialDataIngested) -> list[_Fact]:
        since = (event.at - _RECENT_PERIOD).date()
        recent = [
            (kind, period)
            for kind in event.reports
            for period in Period
            for report in self.financials.reports(event.ticker, kind, period, limit=1).items
            if report.fiscal_date_ending >= since
        ]
        return [_about_reports(event, recent)] if recent else []

    def _price_change(self, event: PricesUpdated) -> list[_Fact]:
        """Return the last day's price if it has changed much, in shares of that day."""
        bars = self.prices.latest(event.ticker, 2)
        if len(bars) < 2 or bars.day(-1) < (event.at - _RECENT).date():  # noqa: PLR2004
            return []
        before, last = bars.day(0), bars.day(-1)
        actions, coverage = self.actions.known(event.ticker, before)
        if not event.first <= last <= event.last or not covering_span(coverage, before, last):
            return []
        closes = in_last_shares(bars, actions).prices("close")
        change = closes[-1] / closes[0] - 1 if closes[0] else Decimal()
        if abs(change) < _NOTABLE_CHANGE:
            return []
        title = f"{event.ticker}: {change:+.1%} to {bars.price('close', -1)} on {last}"
        path = f"/assets/{quote(event.ticker)}/prices?from={before}&to={last}"
        return [_Fact(("prices", event.ticker, str(last)), "prices", title, path)]

    def _notify(self, event: Event, ticker: str, facts: Sequence[_Fact]) -> int:
        topics = {topic for fact in facts for topic in fact.topics}
        count = 0
        for users in self._subscribers(ticker, topics):
            notifications = [
                Notification(
                    id=article_id(user.user_id, *fact.key),
                    user_id=user.user_id,
                    kind=fact.kind,
                    ticker=ticker,
                    title=" ".join(fact.title.split())[:LONGEST_TITLE],
                    url=f"{_API}{fact.path}",
                    created_at=event.at,
                )
                for user in users
                for fact in facts
                if ticker in user.watchlist or not fact.topics.isdisjoint(user.topics)
            ]
            count += self._claim(users, notifications)
        return count

    def _subscribers(self, ticker: str, topics: Iterable[str]) -> Iterator[Sequence[User]]:
        """Yield the users who subscribe to the company or to a topic, some at a time."""
        user_ids = self.subscriptions.subscribers(tickers=[ticker], topics=topics)
        while chunk := list(islice(user_ids, _USERS)):
            yield self.users.many(chunk)

    def _claim(self, users: Sequence[User], notifications: Sequence[Notification]) -> int:
        due = {user.user_id: user.notifications.due for user in users}
        claimed = self.notifications.claim(
            (notification, due[notification.user_id](notification.created_at))
            for notification in notifications
        )
        deleted = self._deleted(users) if claimed else set()
        for user_id in deleted:
            self.notifications.forget(user_id)
        return sum(notification.user_id not in deleted for notification in claimed)

    def _deleted(self, users: Sequence[User]) -> set[str]:
        """Return the users whose record was deleted since it was read.

        A deletion removes the record first, so while the record exists, every claim is found by a
        deletion to come. A user who returned has a record with another `created_at`.
        """
        current = self.users.many(user.user_id for user in users)
        existing = {(user.user_id, user.created_at) for user in current}
        return {user.user_id for user in users if (user.user_id, user.created_at) not in existing}


def _about_article(article: NewsArticle) -> _Fact:
    path = f"/news/{quote(article.id, safe='')}"
    return _Fact((article.id,), "news", article.title, path, frozenset(article.topics))


def _about_reports(
    event: FinancialDataIngested, recent: Sequence[tuple[ReportKind, Period]]
) -> _Fact:
    kinds = list(dict.fromkeys(kind for kind, _ in recent))
    names = ", ".join(kind.replace("_", " ") for kind in kinds)
    kind, period = recent[0]
    path = f"/financials/{quote(event.ticker)}?report={kind}&period={period}"
    key = (event.ticker, names, event.at.isoformat())
    return _Fact(key, "financials", f"{event.ticker}: new {names}", path)


def _about_restatement(event: FinancialDataRestated) -> _Fact:
    latest = max(event.periods, key=attrgetter("fiscal_date_ending"))
    names = ", ".join(kind.replace("_", " ") for kind in event.reports)
    title = f"{event.ticker}: restated {names}, latest of {latest.fiscal_date_ending}"
    path = f"/financials/{quote(event.ticker)}?report={latest.report}&period={latest.period}"
    return _Fact((event.ticker, title, event.at.isoformat()), "financials", title, path)


_MOST_ATTEMPTS: Final = 12
"""Each attempt waits longer than the one before, which makes almost six days of them."""

_MOST_LISTED: Final = 100
"""How many notifications a mail lists."""


@dataclass
class _Result:
    """How much was sent so far."""

    notifications: int = 0
    mails: int = 0
    refused: int = 0
    reason: str | None = None

    def refuse(self, count: int, error: PublishError) -> None:
        """Note that notifications were refused."""
        self.refused += count
        self.reason = str(error)


@dataclass(frozen=True)
class SendNotifications:
    """Send what is due by the settings of its user: to the notifier, and by mail if they want that.

    What is due follows from what is stored, so that no tick is needed at a certain moment. A
    notification is taken by a conditional write before it is sent and marked after that; one that
    was taken and not marked is taken again later. So it is sent twice only if a process is killed
    between the two, and the notifier's receivers know it by its id.
    """

    users: UserRepository
    notifications: NotificationRepository
    notifier: Notifier
    mailer: Mailer | None
    clock: Clock
    app_url: str | None = None

    def __call__(self, until: datetime | None = None) -> DeliveryAnswer:
        """Send what is due; begin nothing after `until`."""
        result = _Result()
        due = self.notifications.due(self.clock())
        for user_id, waiting in groupby(due, lambda each: each.notification.user_id):
            if until is not None and self.clock() >= until:
                break
            self._send(user_id, list(waiting), result)
        return DeliveryAnswer(**asdict(result))

    def _send(self, user_id: str, waiting: Sequence[WaitingNotification], result: _Result) -> None:
        user = next(iter(self.users.many([user_id])), None)
        if user is None:  # a deletion removes the inbox, too
            return
        now = self.clock()
        quiet_until = user.notifications.quiet_end(now)
        if quiet_until is not None:
            self.notifications.postpone(waiting, quiet_until)
            return
        given_up = [each for each in waiting if each.attempts >= _MOST_ATTEMPTS]
        self.notifications.close(given_up, sent=False)
        hopeful = [each for each in waiting if each.attempts < _MOST_ATTEMPTS]
        self._deliver(user, self.notifications.take(hopeful, now), result)

    def _deliver(self, user: User, taken: Sequence[WaitingNotification], result: _Result) -> None:
        mailer = self.mailer if user.notifications.email and user.email else None
        accepted = self._push([each for each in taken if not each.is_pushed], result)
        result.notifications += len(accepted)
        pushed = [*(each for each in taken if each.is_pushed), *accepted]
        if mailer is None or not pushed or self._mail(mailer, user, pushed, result):
            self.notifications.close(pushed)
        else:
            self.notifications.mark_pushed(accepted)

    def _push(
        self, taken: Sequence[WaitingNotification], result: _Result
    ) -> list[WaitingNotification]:
        """Send notifications, and return those that were accepted."""
        if not taken:
            return []
        try:
            self.notifier.notify([each.notification for each in taken])
        except PublishError as error:
            accepted = [each for each in taken if each.notification not in error.refused]
            if not error.refused:  # the error is about all of them
                accepted = []
            result.refuse(len(taken) - len(accepted), error)
            return accepted
        return list(taken)

    def _mail(
        self, mailer: Mailer, user: User, pushed: Sequence[WaitingNotification], result: _Result
    ) -> bool:
        mail = _mail(user.email or "", [each.notification for each in pushed], self.app_url)
        try:
            mailer.send(mail)
        except PublishError as error:
            result.refuse(len(pushed), error)
            return False
        result.mails += 1
        return True


def _mail(address: str, notifications: Sequence[Notification], app_url: str | None) -> Mail:
    """Return a mail in plain text that lists notifications, oldest first, with their links."""
    base = (app_url or "").removesuffix("/")
    ordered = sorted(notifications, key=lambda each: (each.created_at, each.id))
    listed = "\n\n".join(f"{each.title}\n{base}{each.url}" for each in ordered[:_MOST_LISTED])
    if len(ordered) > _MOST_LISTED:
        listed += f"\n\n{len(ordered) - _MOST_LISTED} more are in your inbox."
    subject = ordered[0].title if len(ordered) == 1 else f"{len(ordered)} notifications"
    return Mail(address, f"Signal9: {subject}", f"{listed}\n\n-- \n{_why(base)}\n")


def _why(base: str) -> str:
    where = f" at {base}" if base else ""
    return (
        "You receive this because you follow these companies or topics.\n"
        f"To end these mails, or to have them daily, change your notification settings{where}."
    )
