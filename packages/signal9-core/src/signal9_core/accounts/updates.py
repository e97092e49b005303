"""Reading and writing one's own record, part by part."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ..domain import Profile, Ticker, User, WizardStatus, topic_of
from ..errors import InputError
from ..queries.parameters import Nearest, ticker_of
from ..repositories import AssetRepository
from ..requests import RecordPatch, TopicsPut, WatchlistPut, WizardPut
from .records import ChangeRecord, OwnRecords, VersionedAnswer, user_answer

__all__ = ["GetRecord", "PatchRecord", "PutTopics", "PutWatchlist", "PutWizard"]

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
