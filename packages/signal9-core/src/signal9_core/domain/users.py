"""Users: their records and notifications."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from .model import Instant, Model, Ticker
from .news import Topic

__all__ = [
    "MOST_TOPICS",
    "MOST_WATCHED",
    "InvestorType",
    "Name",
    "Notification",
    "Profile",
    "User",
    "WizardStatus",
]

MOST_TOPICS: Final = 50
"""How many topics a user may follow."""

MOST_WATCHED: Final = 200
"""How many companies a user may watch."""

Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"
    ),
]
"""A name in any script, without control characters."""


class InvestorType(StrEnum):
    """How much risk a user is ready to take."""

    CONSERVATIVE = "conservative"
    MODERATE = "moderate"
    AGGRESSIVE = "aggressive"


class WizardStatus(StrEnum):
    """How far a user is with the onboarding wizard."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Profile(Model):
    """A user's name and birth date, as far as given."""

    first_name: Name | None = None
    last_name: Name | None = None
    birth_date: date | None = None

    def age_on(self, day: date) -> int | None:
        """Return the age in whole years on `day`; `None` without a birth date."""
        if self.birth_date is None:
            return None
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)


class User(Model):
    """A user's record."""

    user_id: str = Field(min_length=1, max_length=128)
    email: str | None = None
    profile: Profile = Profile()
    investor_type: InvestorType | None = None
    wizard: WizardStatus = WizardStatus.NOT_STARTED
    topics: tuple[Topic, ...] = Field((), max_length=MOST_TOPICS)
    watchlist: tuple[Ticker, ...] = Field((), max_length=MOST_WATCHED)
    created_at: Instant

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that the wizard still needs to be completed, as the API names them."""
        profile = self.profile
        required = {
            "profile.firstName": profile.first_name,
            "profile.lastName": profile.last_name,
            "profile.birthDate": profile.birth_date,
            "investorType": self.investor_type,
        }
        return tuple(name for name, value in required.items() if value is None)


class Notification(Model):
    """News about something that a user subscribed to."""

    id: str
    user_id: str
    kind: Literal["news", "prices", "financials"]
    ticker: Ticker
    title: str
    created_at: Instant
