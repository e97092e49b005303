"""What a caller was told."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ..errors import NotFoundError
from ..personal import NotificationAnswer, NotificationsAnswer
from ..queries import CursorSigner
from ..queries.parameters import check_limit
from ..repositories import KeptNotification, NotifiedRepository

__all__ = ["ListNotifications", "MarkRead", "notification_answer"]

LIMIT: Final = 200


@dataclass(frozen=True)
class ListNotifications:
    """The caller's notifications of the last three months, latest first."""

    notified: NotifiedRepository
    cursors: CursorSigner

    def __call__(
        self, user_id: str, *, unread: bool = False, limit: int = 50, cursor: str | None = None
    ) -> NotificationsAnswer:
        """Return a page, only of what was not read yet if that is asked for."""
        check_limit(limit, LIMIT)
        query = {"of": "notifications", "user": user_id, "unread": unread}
        position = self.cursors.read(query, cursor)
        after = None if position is None else position["after"]
        page = list(islice(self._wanted(user_id, after, unread=unread), limit + 1))
        more = {"after": page[limit - 1][0]} if len(page) > limit else None
        return NotificationsAnswer(
            items=[notification_answer(each) for _, each in page[:limit]],
            next_cursor=self.cursors.sign(query, more),
        )

    def _wanted(
        self, user_id: str, after: str | None, *, unread: bool
    ) -> Iterator[tuple[str, KeptNotification]]:
        found = self.notified.of_user(user_id, after=after)
        return (each for each in found if not (unread and each[1].read_at))


@dataclass(frozen=True)
class MarkRead:
    """Note that the caller read something."""

    notified: NotifiedRepository

    def __call__(self, user_id: str, notification_id: str) -> NotificationAnswer:
        """Return the notification; `NotFoundError` where the caller has no such one."""
        found = self.notified.mark_read(user_id, notification_id)
        if found is None:
            raise NotFoundError("notification", notification_id)
        return notification_answer(found)


def notification_answer(kept: KeptNotification) -> NotificationAnswer:
    """Return a notification as the API serves it."""
    told = kept.notification
    return NotificationAnswer(
        id=told.id,
        kind=told.kind,
        ticker=told.ticker,
        title=told.title,
        created_at=told.created_at,
        read_at=kept.read_at,
    )
