"""What users do with their own data: record, topics, watchlist, notifications, export, deletion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from ..domain.news import topic_of
from ..domain.users import NotificationSettings, Profile, User, WizardStatus, time_zone
from ..errors import BeingDeletedError, ConflictError, InputError, NotFoundError, OutdatedError
from ..events import Event, UserAction, UserDeletionRequested
from ..ports import ABSENT, Clock
from ..repositories.optimistic import Versioned, retry_on_conflict
from ..schemas.users import (
    DeletionAnswer,
    ExportAnswer,
    NotificationAnswer,
    NotificationsAnswer,
    NotificationSettingsPatch,
    RecordPatch,
    TopicsPut,
    UserAnswer,
    ViewedAnswer,
    WatchlistPut,
    WizardPut,
)
from .parameters import check_limit, decode_cursor, encode_cursor, parse_ticker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ..domain.model import Ticker
    from ..repositories.notifications import NotificationRepository, StoredNotification
    from ..repositories.users import (
        DeletionRepository,
        RecentlyViewedRepository,
        SubscriptionRepository,
        UserRepository,
    )
    from .briefing import GetBriefing
    from .outbox import Outbox
    from .queries import CompanyFinder

Action = Literal["profile", "wizard", "topics", "watchlist"]

_ADULT_AGE: Final = 18
_MAX_AGE: Final = 130
_MAX_NOTIFICATIONS: Final = 200
_MAX_TOPIC: Final = 64


@dataclass(frozen=True)
class UserService:
    """What users do with their own data; every method takes their id first.

    A change may depend on the versions in `expected`; otherwise it raises `OutdatedError`.
    """

    users: UserRepository
    subscriptions: SubscriptionRepository
    notifications: NotificationRepository
    viewed: RecentlyViewedRepository
    companies: CompanyFinder
    outbox: Outbox
    clock: Clock
    briefing: GetBriefing
    deletion: DeleteUser

    def get(self, user_id: str, email: str | None = None) -> Versioned[UserAnswer]:
        """Return the record; it is created for a new user.

        An `email`, which must be verified, becomes the user's address; an empty one removes it.
        """
        record = self._record(user_id)
        if _with_email(record.model, email) == record.model:
            return _answer(record)
        return self._change(user_id, "profile", lambda user: _with_email(user, email), None)

    def patch(
        self,
        user_id: str,
        patch: RecordPatch,
        expected: Collection[int] | None = None,
        *,
        email: str | None = None,
    ) -> Versioned[UserAnswer]:
        """Change what the patch names, and the address as `get` does.

        `InputError` for a birth date that is not an adult's, or an unknown time zone.
        """
        today = self.clock().date()

        def patched(user: User) -> User:
            return _with_email(_patched(user, patch, today), email)

        return self._change(user_id, "profile", patched, expected)

    def put_wizard(
        self, user_id: str, put: WizardPut, expected: Collection[int] | None = None
    ) -> Versioned[UserAnswer]:
        """Set the wizard's status; it can be completed only when nothing is missing."""
        return self._change(user_id, "wizard", lambda user: _at(user, put.wizard), expected)

    def put_topics(
        self, user_id: str, put: TopicsPut, expected: Collection[int] | None = None
    ) -> Versioned[UserAnswer]:
        """Replace the topics."""
        update = {"topics": _topics(put.topics)}
        return self._change(
            user_id, "topics", lambda user: user.model_copy(update=update), expected
        )

    def put_watchlist(
        self, user_id: str, put: WatchlistPut, expected: Collection[int] | None = None
    ) -> Versioned[UserAnswer]:
        """Replace the watchlist; `InputError` names an unknown ticker by its position."""
        update = {"watchlist": self._known_tickers(put.watchlist)}
        return self._change(
            user_id, "watchlist", lambda user: user.model_copy(update=update), expected
        )

    def note_viewed(self, user_id: str, ticker: str) -> ViewedAnswer:
        """Note that the user viewed a company; return the latest ones, latest first."""
        self.viewed.add(user_id, self.companies.get(ticker).asset.ticker)
        try:
            self._record(user_id)
        except BeingDeletedError:
            self.viewed.forget(user_id)
            raise
        return ViewedAnswer(viewed=self.viewed.of_user(user_id))

    def list_notifications(
        self, user_id: str, *, unread: bool = False, limit: int = 50, cursor: str | None = None
    ) -> NotificationsAnswer:
        """Return a page of notifications, latest first, only unread ones if wanted."""
        check_limit(limit, _MAX_NOTIFICATIONS)
        self.users.open(user_id)
        query = {"list": "notifications", "user": user_id, "unread": unread}
        start = decode_cursor(query, cursor, ["after"])
        after = None if start is None else start["after"]
        page, position = self.notifications.page(
            user_id, limit=limit, after=after, accept=_is_unread if unread else None
        )
        return NotificationsAnswer(
            items=list(map(_notification_answer, page)),
            next_cursor=encode_cursor(query, None if position is None else {"after": position}),
        )

    def mark_read(self, user_id: str, notification_id: str) -> NotificationAnswer:
        """Mark a notification as read; `NotFoundError` where the user has none with this id."""
        self.users.open(user_id)
        notification = self.notifications.mark_read(user_id, notification_id)
        if notification is None:
            raise NotFoundError("notification", notification_id)
        return _notification_answer(notification)

    def export(self, user_id: str) -> ExportAnswer:
        """Return everything that is stored about the user."""
        return ExportAnswer(
            exported_at=self.clock(),
            user=self.get(user_id).model,
            viewed=self.viewed.of_user(user_id),
            notifications=list(map(_notification_answer, self.notifications.of_user(user_id))),
        )

    def delete(self, user_id: str) -> DeletionAnswer:
        """Begin to delete everything that is stored about the user."""
        return self.deletion.request(user_id)

    def _record(self, user_id: str) -> Versioned[User]:
        """Return the record, new if need be; `BeingDeletedError` while it is being deleted."""
        record = self.users.open(user_id)
        if record is not None:
            return record
        user = User(user_id=user_id, created_at=self.clock())
        try:
            return Versioned(user, self.users.put(user, expected=ABSENT))
        except ConflictError:
            return self._record(user_id)  # another request of the same user created it

    def _change(
        self,
        user_id: str,
        action: Action,
        change: Callable[[User], User],
        expected: Collection[int] | None,
    ) -> Versioned[UserAnswer]:
        attempted: list[User] = []

        def attempt() -> Versioned[User]:
            record = self._record(user_id)
            if expected is not None and record.version not in expected:
                raise OutdatedError("the record has changed since it was read")
            after = change(record.model)
            if after == record.model:
                return record
            attempted.append(after)
            return self._write(record, after, action)

        try:
            record = retry_on_conflict(attempt)
        except BeingDeletedError:
            if attempted:  # the deletion began later, and may not have found what is new
                self.outbox.forget(user_subject(user_id))
            for user in attempted:
                self.subscriptions.unsubscribe(user, _nobody(user))
            raise
        self.outbox.publish(user_subject(user_id))
        return _answer(record)

    def _write(self, before: Versioned[User], after: User, action: Action) -> Versioned[User]:
        event = UserAction(at=self.clock(), user_id=after.user_id, action=action)
        self.outbox.record(user_subject(after.user_id), event)
        if (after.watchlist, after.topics) == (before.model.watchlist, before.model.topics):
            return Versioned(after, self.users.put(after, expected=before.version))
        # A stop in between leaves a subscription too many, which is ignored, never one too few.
        self.subscriptions.subscribe(after)
        version = self.users.put(after, expected=before.version)
        self.subscriptions.unsubscribe(before.model, after)
        # Another request of the same user may have subscribed to what this one has just dropped.
        current = self.users.get(after.user_id)
        if current is not None:
            self.subscriptions.subscribe(current.model)
        return Versioned(after, version)

    def _known_tickers(self, texts: Sequence[str]) -> tuple[Ticker, ...]:
        """Return known tickers, each once; `BRK-B` is `BRK.B`."""
        tickers = [parse_ticker(text, f"watchlist.{at}") for at, text in enumerate(texts)]
        spellings = [(ticker, ticker.replace("-", ".")) for ticker in tickers]
        known = self.companies.assets.known(spelling for pair in spellings for spelling in pair)
        watchlist = [next((name for name in pair if name in known), None) for pair in spellings]
        if None in watchlist:
            at = watchlist.index(None)
            nearest = ", ".join(self.companies.nearest(tickers[at]))
            hint = f"; did you mean {nearest}?" if nearest else ""
            raise InputError(f"watchlist.{at}", f"unknown ticker {tickers[at]!r}{hint}")
        return tuple(dict.fromkeys(filter(None, watchlist)))


def _nobody(user: User) -> User:
    return User(user_id=user.user_id, created_at=user.created_at)


def _answer(record: Versioned[User]) -> Versioned[UserAnswer]:
    return Versioned(UserAnswer.model_validate(record.model), record.version)


def _is_unread(stored: StoredNotification) -> bool:
    return stored.read_at is None


def _notification_answer(stored: StoredNotification) -> NotificationAnswer:
    fields = stored.notification.model_dump(by_alias=False)
    return NotificationAnswer.model_validate({**fields, "read_at": stored.read_at})


def _topics(texts: Sequence[str]) -> tuple[str, ...]:
    topics = [topic_of(text) for text in texts]
    for at, topic in enumerate(topics):
        if not 1 <= len(topic) <= _MAX_TOPIC:
            problem = f"invalid topic {texts[at][:40]!r}, must have 1 to {_MAX_TOPIC} characters"
            raise InputError(f"topics.{at}", problem)
    return tuple(dict.fromkeys(topics))


def _patched(user: User, patch: RecordPatch, today: date) -> User:
    profile = patch.profile.model_dump(exclude_unset=True, by_alias=False)
    _check_birth_date(profile.get("birth_date"), today)
    parts = {"profile", "notifications"}
    record = patch.model_dump(exclude_unset=True, exclude=parts, by_alias=False)
    update = {
        "profile": user.profile.model_copy(update=profile),
        "notifications": _with_settings(user.notifications, patch.notifications),
    }
    after = user.model_copy(update=update | record)
    if after.missing and user.wizard is WizardStatus.COMPLETED:
        raise InputError(after.missing[0], "cannot be removed while the wizard is completed")
    return after


def _with_email(user: User, email: str | None) -> User:
    return user if email is None else user.model_copy(update={"email": email or None})


def _with_settings(
    settings: NotificationSettings, patch: NotificationSettingsPatch
) -> NotificationSettings:
    fields = dict(settings) | patch.model_dump(exclude_unset=True, by_alias=False)
    after = NotificationSettings(**{name: it for name, it in fields.items() if it is not None})
    if time_zone(after.time_zone) is None:
        problem = f"unknown time zone {after.time_zone!r}, must be a name like 'Europe/Berlin'"
        raise InputError("notifications.timeZone", problem)
    if (after.quiet_from is None) != (after.quiet_until is None):
        missing = "quietFrom" if after.quiet_from is None else "quietUntil"
        raise InputError(f"notifications.{missing}", "quiet hours have a start and an end")
    return after


def _check_birth_date(birth_date: date | None, today: date) -> None:
    age = Profile(birth_date=birth_date).age_on(today)
    if age is None:
        return
    if not 0 <= age <= _MAX_AGE:
        raise InputError("profile.birthDate", f"invalid birth date {birth_date}")
    if age < _ADULT_AGE:
        raise InputError("profile.birthDate", f"must be at least {_ADULT_AGE} years ago")


def _at(user: User, wizard: WizardStatus) -> User:
    if user.missing and wizard is WizardStatus.COMPLETED:
        raise InputError("wizard", f"cannot be completed without {', '.join(user.missing)}")
    return user.model_copy(update={"wizard": wizard})


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
