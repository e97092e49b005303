"""Sending of notifications that wait in inboxes, at once or as a daily digest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ..errors import PublishError
from ..ports import Mail
from ..schemas.operations import DeliveryAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..domain.users import Notification, User
    from ..ports import Clock, Mailer, Notifier
    from ..repositories.notifications import NotificationRepository, WaitingNotification
    from ..repositories.users import UserRepository

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
        self,
        mailer: Mailer,
        user: User,
        pushed: Sequence[WaitingNotification],
        result: _Result,
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
