"""A caller's record: made when they are first seen, changed only over what was read."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final, Literal, NamedTuple

from ..domain import Profile, Ticker, User, WizardStatus, topic_of
from ..errors import ConflictError, InputError, NotFoundError, OutdatedError
from ..events import UserAction
from ..ports import ABSENT, Clock
from ..repositories import (
    AssetRepository,
    NotificationRepository,
    RecentlyViewedRepository,
    StoredNotification,
    SubscriptionRepository,
    UserRepository,
    VersionedUser,
    until_uncontested,
)
from ..schemas import (
    ExportAnswer,
    NotificationAnswer,
    NotificationsAnswer,
    ProfileAnswer,
    RecordPatch,
    TopicsPut,
    UserAnswer,
    ViewedAnswer,
    WatchlistPut,
    WizardPut,
)
from .cursors import CursorSigner
from .outbox import Announcer
from .queries import Nearest, check_limit, existing, ticker_of

__all__ = [
    "ChangeRecord",
    "DeleteRecord",
    "ExportRecord",
    "GetRecord",
    "ListNotifications",
    "MarkRead",
    "NoteViewed",
    "OwnRecords",
    "PatchRecord",
    "PutTopics",
    "PutWatchlist",
    "PutWizard",
    "VersionedAnswer",
    "notification_answer",
    "subject_of",
    "user_answer",
]

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
    followers: SubscriptionRepository
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
        self.followers.subscribe(_differing(after, before.user))
        version = self.records.users.put(after, expected=before.version)
        self.followers.unsubscribe(before.user, after)
        self._settle(before.user, after)
        return VersionedUser(after, version)

    def _settle(self, before: User, after: User) -> None:
        """Follow again what somebody else's request took up while this one dropped it."""
        current = self.records.users.get(after.user_id)
        if current is not None and current.user != after:
            self.followers.subscribe(current.user)
        elif current is not None:
            self.followers.subscribe(_differing(after, before))


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


ADULT: Final = 18
_OLDEST: Final = 130
_LONGEST_TOPIC: Final = 64


@dataclass(frozen=True)
class GetRecord:
    """The caller's record, made if they are seen for the first time."""

    records: OwnRecords

    def __call__(self, user_id: str) -> VersionedAnswer:
        """Return it with its version."""
        user, version = self.records.of(user_id)
        return VersionedAnswer(user_answer(user), version)


@dataclass(frozen=True)
class PatchRecord:
    """Who the caller is, and how much risk they carry."""

    change: ChangeRecord

    def __call__(
        self, user_id: str, patch: RecordPatch, expected: Collection[int] | None = None
    ) -> VersionedAnswer:
        """Change what the patch names; `InputError` for a birth date that is of no adult."""
        today = self.change.records.clock().date()
        return self.change(user_id, "profile", lambda user: _patched(user, patch, today), expected)


@dataclass(frozen=True)
class PutWizard:
    """How far the caller got with introducing themselves."""

    change: ChangeRecord

    def __call__(
        self, user_id: str, given: WizardPut, expected: Collection[int] | None = None
    ) -> VersionedAnswer:
        """Note it; `InputError` where it is to be completed and something is missing."""
        return self.change(user_id, "wizard", lambda user: _at(user, given.wizard), expected)


@dataclass(frozen=True)
class PutTopics:
    """Which topics the caller follows."""

    change: ChangeRecord

    def __call__(
        self, user_id: str, given: TopicsPut, expected: Collection[int] | None = None
    ) -> VersionedAnswer:
        """Follow these and no other; `InputError` names what is no topic."""
        update = {"topics": _topics(given.topics)}
        return self.change(user_id, "topics", lambda user: user.model_copy(update=update), expected)


@dataclass(frozen=True)
class PutWatchlist:
    """Which companies the caller watches."""

    change: ChangeRecord
    assets: AssetRepository
    nearest: Nearest

    def __call__(
        self, user_id: str, given: WatchlistPut, expected: Collection[int] | None = None
    ) -> VersionedAnswer:
        """Watch these and no other, in this order; `InputError` names what is not known."""
        update = {"watchlist": self._tickers(given.watchlist)}
        return self.change(
            user_id, "watchlist", lambda user: user.model_copy(update=update), expected
        )

    def _tickers(self, given: Sequence[str]) -> tuple[Ticker, ...]:
        asked = [_ticker(text, place) for place, text in enumerate(given)]
        with_dots = [each.replace("-", ".") for each in asked]
        known = self.assets.known([*asked, *with_dots])
        found = []
        for place, choices in enumerate(zip(asked, with_dots, strict=True)):
            ticker = next((each for each in choices if each in known), None)
            if ticker is None:
                raise InputError(f"watchlist.{place}", self._unknown(choices[0]))
            found.append(ticker)
        return tuple(dict.fromkeys(found))

    def _unknown(self, ticker: Ticker) -> str:
        nearest = ", ".join(self.nearest(ticker))
        return f"{ticker!r} is no known ticker" + (f"; did you mean {nearest}?" if nearest else "")


def _ticker(text: str, place: int) -> Ticker:
    try:
        return ticker_of(text)
    except InputError as error:
        raise InputError(f"watchlist.{place}", error.message) from error


def _topics(given: Sequence[str]) -> tuple[str, ...]:
    found = [topic_of(text) for text in given]
    for place, topic in enumerate(found):
        if not 1 <= len(topic) <= _LONGEST_TOPIC:
            problem = f"{given[place][:40]!r} is no topic of 1 to {_LONGEST_TOPIC} characters"
            raise InputError(f"topics.{place}", problem)
    return tuple(dict.fromkeys(found))


def _patched(user: User, patch: RecordPatch, today: date) -> User:
    profile = patch.profile.model_dump(exclude_unset=True, by_alias=False)
    _check_birth_date(profile.get("birth_date"), today)
    record = patch.model_dump(exclude_unset=True, exclude={"profile"}, by_alias=False)
    after = user.model_copy(update={"profile": user.profile.model_copy(update=profile), **record})
    missing = after.missing()
    if missing and user.wizard is WizardStatus.COMPLETED:
        raise InputError(missing[0], "cannot be removed while the wizard is completed")
    return after


def _check_birth_date(birth_date: date | None, today: date) -> None:
    age = Profile(birth_date=birth_date).age_on(today)
    if age is None:
        return
    if not 0 <= age <= _OLDEST:
        raise InputError("profile.birthDate", f"{birth_date} is nobody's date of birth")
    if age < ADULT:
        raise InputError("profile.birthDate", f"must be at least {ADULT} years ago")


def _at(user: User, wizard: WizardStatus) -> User:
    missing = user.missing()
    if missing and wizard is WizardStatus.COMPLETED:
        raise InputError("wizard", f"cannot be completed without {', '.join(missing)}")
    return user.model_copy(update={"wizard": wizard})


@dataclass(frozen=True)
class NoteViewed:
    """Note that the caller looked at a company.

    Its own call rather than part of reading the company, so that reading never waits for a write.
    """

    viewed: RecentlyViewedRepository
    assets: AssetRepository
    nearest: Nearest

    def __call__(self, user_id: str, ticker: str) -> ViewedAnswer:
        """Return the list, latest first; `NotFoundError` for an unknown ticker."""
        found = existing(self.assets, ticker, self.nearest).asset.ticker
        self.viewed.add(user_id, found)
        return ViewedAnswer(viewed=self.viewed.of_user(user_id))


LIMIT: Final = 200


@dataclass(frozen=True)
class ListNotifications:
    """The caller's notifications of the last three months, latest first."""

    notified: NotificationRepository
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
    ) -> Iterator[tuple[str, StoredNotification]]:
        found = self.notified.of_user(user_id, after=after)
        return (each for each in found if not (unread and each[1].read_at))


@dataclass(frozen=True)
class MarkRead:
    """Note that the caller read something."""

    notified: NotificationRepository

    def __call__(self, user_id: str, notification_id: str) -> NotificationAnswer:
        """Return the notification; `NotFoundError` where the caller has no such one."""
        found = self.notified.mark_read(user_id, notification_id)
        if found is None:
            raise NotFoundError("notification", notification_id)
        return notification_answer(found)


def notification_answer(kept: StoredNotification) -> NotificationAnswer:
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


@dataclass(frozen=True)
class ExportRecord:
    """All that is stored about the caller, in one answer."""

    records: OwnRecords
    notified: NotificationRepository
    viewed: RecentlyViewedRepository
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
    followers: SubscriptionRepository
    notified: NotificationRepository
    viewed: RecentlyViewedRepository
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
            self.followers.unsubscribe(found.user, gone)
            self.users.delete(user_id, expected=found.version)
