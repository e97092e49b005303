"""Deletion of everything that is stored about a user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ..domain.users import User
from ..errors import ConflictError
from ..events import UserDeletionRequested
from ..ports import ABSENT
from ..repositories.optimistic import retry_on_conflict
from ..schemas.users import DeletionAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from ..events import Event
    from ..ports import Clock
    from ..repositories.notifications import NotificationRepository
    from ..repositories.users import (
        DeletionRepository,
        RecentlyViewedRepository,
        SubscriptionRepository,
        UserRepository,
    )
    from .outbox import Outbox


@dataclass(frozen=True)
class DeleteUser:
    """Delete everything that is stored about a user, except what `backup_days` keep.

    A request takes the data out of use. The call, which follows from its event, deletes them; if
    one is stopped, the next one completes it, and one that comes too late does nothing.
    """

    users: UserRepository
    subscriptions: SubscriptionRepository
    notifications: NotificationRepository
    viewed: RecentlyViewedRepository
    deletions: DeletionRepository
    outbox: Outbox
    clock: Clock
    backup_days: int = 0

    def request(self, user_id: str) -> DeletionAnswer:
        """Take the user's data out of use, and have them deleted."""
        at = self.clock()
        self.deletions.request(user_id, at)
        retry_on_conflict(lambda: self._close(user_id, at))
        self.outbox.send([UserDeletionRequested(at=at, user_id=user_id)])
        until = (at + timedelta(days=self.backup_days)).date() if self.backup_days else None
        return DeletionAnswer(requested_at=at, backups_until=until)

    def __call__(self, event: Event) -> None:
        """Delete what is stored about a user who asked for it."""
        if isinstance(event, UserDeletionRequested):
            self.delete(event.user_id)

    def delete(self, user_id: str) -> None:
        """Delete what is stored about a user who asked for it; the record is the last of it."""
        requested = self.deletions.requested(user_id)
        if requested is None:
            return
        if retry_on_conflict(lambda: self._close(user_id, requested.model)):
            self.subscriptions.forget(user_id)
            self.notifications.forget(user_id)
            self.viewed.forget(user_id)
            self.outbox.forget(user_subject(user_id))
            retry_on_conflict(lambda: self._delete_record(user_id))
        try:
            self.deletions.finish(user_id, expected=requested.version)
        except ConflictError:
            return  # the user has returned, and asked again: that has an event of its own

    def _close(self, user_id: str, at: datetime) -> bool:
        """Replace the record by an empty one; return whether it is from before the request.

        A user whose record is newer has returned, so that everything older is deleted already.
        """
        record = self.users.get(user_id)
        created_at, version = (
            (at, ABSENT) if record is None else (record.model.created_at, record.version)
        )
        if created_at > at:
            return False
        if record is None or record.model.deleted_at is None:
            closed = User(user_id=user_id, created_at=created_at, deleted_at=at)
            self.users.put(closed, expected=version)
        return True

    def _delete_record(self, user_id: str) -> None:
        record = self.users.get(user_id)
        if record is not None:
            self.users.delete(user_id, expected=record.version)


def user_subject(user_id: str) -> str:
    """Return the subject of events about a user in the outbox."""
    return f"user/{user_id}"
