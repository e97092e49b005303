"""A caller's record: made when they are first seen, changed only over what was read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..domain import User
from ..errors import ConflictError, OutdatedError
from ..events import UserAction
from ..ingest import Announcer
from ..personal import ProfileAnswer, UserAnswer
from ..ports import ABSENT, Clock
from ..repositories import FollowerRepository, UserRepository, VersionedUser, until_uncontested

__all__ = ["ChangeRecord", "OwnRecords", "VersionedAnswer", "subject_of", "user_answer"]

Action = Literal["profile", "wizard", "topics", "watchlist"]


class VersionedAnswer(NamedTuple):
    """A record as the API serves it, and the version that a change may depend on."""

    answer: UserAnswer
    version: int


@dataclass(frozen=True)
class OwnRecords:
    """Everybody's own record."""

    users: UserRepository
    clock: Clock

    def of(self, user_id: str) -> VersionedUser:
        """Return a user's record, a new one if they are seen for the first time."""
        found = self.users.get(user_id)
        return self._made(user_id) if found is None else found

    def _made(self, user_id: str) -> VersionedUser:
        user = User(user_id=user_id, created_at=self.clock())
        try:
            return VersionedUser(user, self.users.put(user, expected=ABSENT))
        except ConflictError:
            return self.of(user_id)  # another request of theirs was faster


@dataclass(frozen=True)
class ChangeRecord:
    """Change a record, keep the lists of followers in step, announce it; once, however often.

    `expected` holds the versions that the caller may have read; `None` takes any. Where nothing
    differs nothing is written.
    """

    records: OwnRecords
    followers: FollowerRepository
    announcer: Announcer

    def __call__(
        self,
        user_id: str,
        action: Action,
        change: Callable[[User], User],
        expected: Collection[int] | None = None,
    ) -> VersionedAnswer:
        """Return the record as it is then; `OutdatedError` if it is of no expected version."""

        def changed() -> VersionedUser:
            before = self.records.of(user_id)
            if expected is not None and before.version not in expected:
                raise OutdatedError("the record has changed since it was read")
            return self._write(before, change(before.user), action)

        found = until_uncontested(changed)
        self.announcer.announce(self.announcer.pending(subject_of(user_id)))
        return VersionedAnswer(user_answer(found.user), found.version)

    def _write(self, before: VersionedUser, after: User, action: Action) -> VersionedUser:
        if after == before.user:
            return before
        event = UserAction(at=self.records.clock(), user_id=after.user_id, action=action)
        self.announcer.foretell(subject_of(after.user_id), event)
        self.followers.follow(_differing(after, before.user))
        version = self.records.users.put(after, expected=before.version)
        self.followers.unfollow(before.user, after)
        self._settle(before.user, after)
        return VersionedUser(after, version)

    def _settle(self, before: User, after: User) -> None:
        """Follow again what somebody else's request took up while this one dropped it."""
        current = self.records.users.get(after.user_id)
        if current is not None and current.user != after:
            self.followers.follow(current.user)
        elif current is not None:
            self.followers.follow(_differing(after, before))


def subject_of(user_id: str) -> str:
    """Return under which name events about a user wait to be announced."""
    return f"user/{user_id}"


def user_answer(user: User) -> UserAnswer:
    """Return a record as the API serves it."""
    profile = user.profile
    return UserAnswer(
        user_id=user.user_id,
        email=user.email,
        profile=ProfileAnswer(
            first_name=profile.first_name,
            last_name=profile.last_name,
            birth_date=profile.birth_date,
        ),
        investor_type=user.investor_type,
        wizard=user.wizard,
        missing=user.missing(),
        topics=user.topics,
        watchlist=user.watchlist,
        created_at=user.created_at,
    )


def _differing(user: User, other: User) -> User:
    """Return the user following only what the other record does not."""
    return user.model_copy(
        update={
            "topics": tuple(each for each in user.topics if each not in other.topics),
            "watchlist": tuple(each for each in user.watchlist if each not in other.watchlist),
        }
    )
