"""Everything that is stored about a caller: to take along, or to be gone."""

from dataclasses import dataclass

from ..domain import User
from ..ingest import Announcer
from ..personal import ExportAnswer
from ..ports import Clock
from ..repositories import (
    FollowerRepository,
    NotifiedRepository,
    UserRepository,
    ViewedRepository,
    until_uncontested,
)
from .notifications import notification_answer
from .records import OwnRecords, subject_of, user_answer

__all__ = ["DeleteRecord", "ExportRecord"]


@dataclass(frozen=True)
class ExportRecord:
    """All that is stored about the caller, in one answer."""

    records: OwnRecords
    notified: NotifiedRepository
    viewed: ViewedRepository
    clock: Clock

    def __call__(self, user_id: str) -> ExportAnswer:
        """Return the record, what the caller was told, and what they looked at."""
        user, _ = self.records.of(user_id)
        return ExportAnswer(
            exported_at=self.clock(),
            user=user_answer(user),
            viewed=self.viewed.of_user(user_id),
            notifications=[notification_answer(each) for _, each in self.notified.of_user(user_id)],
        )


@dataclass(frozen=True)
class DeleteRecord:
    """All that is stored about the caller, gone; if stopped midway, the next call completes it."""

    users: UserRepository
    followers: FollowerRepository
    notified: NotifiedRepository
    viewed: ViewedRepository
    announcer: Announcer

    def __call__(self, user_id: str) -> None:
        """Delete it; a caller about whom nothing is stored stays one."""
        until_uncontested(lambda: self._delete_record(user_id))
        self.notified.forget(user_id)
        self.viewed.forget(user_id)
        self.announcer.announce(self.announcer.pending(subject_of(user_id)))

    def _delete_record(self, user_id: str) -> None:
        found = self.users.get(user_id)
        if found is not None:
            gone = User(user_id=user_id, created_at=found.user.created_at)
            self.followers.unfollow(found.user, gone)
            self.users.delete(user_id, expected=found.version)
