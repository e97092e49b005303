"""Users: their records and notifications."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, StringConstraints

from .model import Instant, Model, Ticker
from .news import Topic

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MOST_TOPICS: Final = 50
"""How many topics a user may follow."""

MOST_WATCHED: Final = 200
"""How many companies a user may watch."""

LONGEST_TITLE: Final = 300
"""How long the title of a notification may be."""

_TIME_ZONE: Final = re.compile(r"UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}")

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


class Delivery(StrEnum):
    """When a user's notifications are sent: soon after what happened, or once a day together."""

    AT_ONCE = "at_once"
    DAILY = "daily"


ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day, as in `08:30`."""


class NotificationSettings(Model):
    """How a user's notifications are sent, beside their inbox; times are in their time zone.

    Between `quiet_from` and `quiet_until`, which may be on the next day, nothing is sent.
    """

    delivery: Delivery = Delivery.AT_ONCE
    daily_at: ClockTime = "08:00"
    quiet_from: ClockTime | None = None
    quiet_until: ClockTime | None = None
    time_zone: str = "UTC"
    email: bool = False

    def due(self, at: datetime) -> datetime:
        """Return when to send what happened at this moment."""
        is_daily = self.delivery is Delivery.DAILY
        due = _next(self.daily_at, at, self._zone) if is_daily else at
        return self.quiet_end(due) or due

    def quiet_end(self, at: datetime) -> datetime | None:
        """Return the end of the quiet hours, if this moment is in them."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        first, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_until)
        now = at.astimezone(self._zone).time()
        is_quiet = first <= now < end if first <= end else now >= first or now < end
        return _next(self.quiet_until, at, self._zone) if is_quiet else None

    @property
    def _zone(self) -> tzinfo:
        return time_zone(self.time_zone) or UTC


def time_zone(name: str) -> "ZoneInfo | None":
    """Return the time zone with a name of the IANA database; `None` if there is none."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # most processes need no time zone

    try:
        return ZoneInfo(name) if _TIME_ZONE.fullmatch(name) else None
    except (KeyError, OSError, ValueError):
        return None


def _next(clock: ClockTime, after: datetime, zone: tzinfo) -> datetime:
    """Return the next moment at which clocks show this time, in UTC."""
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(3))
    moments = (datetime.combine(day, time.fromisoformat(clock), zone) for day in days)
    return next(moment for moment in (m.astimezone(UTC) for m in moments) if moment > after)


class User(Model):
    """A user's record."""

    user_id: str = Field(min_length=1, max_length=128)
    email: str | None = None
    profile: Profile = Profile()
    investor_type: InvestorType | None = None
    wizard: WizardStatus = WizardStatus.NOT_STARTED
    topics: tuple[Topic, ...] = Field((), max_length=MOST_TOPICS)
    watchlist: tuple[Ticker, ...] = Field((), max_length=MOST_WATCHED)
    notifications: NotificationSettings = NotificationSettings()
    created_at: Instant
    deleted_at: Instant | None = Field(
        None, description="When its deletion was requested, which has not finished yet."
    )

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
    """News about something that a user subscribed to; `url` is the path of it in the API."""

    id: str
    user_id: str
    kind: Literal["news", "prices", "financials"]
    ticker: Ticker
    title: str = Field(max_length=LONGEST_TITLE)
    url: str
    created_at: Instant
