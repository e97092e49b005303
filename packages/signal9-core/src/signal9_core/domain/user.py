"""The people who use the advisor, and what they are told."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .model import Instant, Model, Ticker
from .news import Topic

__all__ = ["InvestorType", "Notification", "Profile", "User", "WizardStatus"]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class InvestorType(StrEnum):
    """How much risk a person is ready to carry."""

    CONSERVATIVE = "conservative"
    MODERATE = "moderate"
    AGGRESSIVE = "aggressive"


class WizardStatus(StrEnum):
    """How far a person got with introducing themselves."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Profile(Model):
    """Who a person is, as far as they told us."""

    first_name: Name | None = None
    last_name: Name | None = None
    birth_date: date | None = None

    def age_on(self, day: date) -> int | None:
        """Return the age in whole years on `day`; `None` where the birth date is unknown."""
        if self.birth_date is None:
            return None
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)


class User(Model):
    """A person: identity from the token, everything else from themselves."""

    user_id: str = Field(min_length=1, max_length=128)
    email: str | None = None
    profile: Profile = Profile()
    investor_type: InvestorType | None = None
    wizard: WizardStatus = WizardStatus.NOT_STARTED
    topics: tuple[Topic, ...] = Field((), max_length=50)
    watchlist: tuple[Ticker, ...] = Field((), max_length=200)
    created_at: Instant


class Notification(Model):
    """One thing that one person asked to be told."""

    id: str
    user_id: str
    kind: Literal["news", "prices", "financials"]
    ticker: Ticker
    title: str
    created_at: Instant
