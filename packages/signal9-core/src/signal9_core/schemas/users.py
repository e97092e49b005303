"""Answers and request bodies about the caller's own data."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema

from ..domain.model import Instant
from ..domain.users import (
    MOST_TOPICS,
    MOST_WATCHED,
    ClockTime,
    Delivery,
    InvestorType,
    Name,
    WizardStatus,
)
from .base import Answer, Request


class ProfileAnswer(Answer):
    """A user's name and birth date, as far as given."""

    first_name: str | None
    last_name: str | None
    birth_date: date | None


class NotificationSettingsAnswer(Answer):
    """How notifications are sent; times are in the time zone, quiet ones may span midnight."""

    delivery: Delivery
    daily_at: str
    quiet_from: str | None
    quiet_until: str | None
    time_zone: str
    email: bool


class UserAnswer(Answer):
    """The caller's record; `missing` names the fields that the wizard still needs."""

    user_id: str
    email: str | None
    profile: ProfileAnswer
    investor_type: InvestorType | None
    wizard: WizardStatus
    missing: Sequence[str]
    topics: Sequence[str]
    watchlist: Sequence[str]
    notifications: NotificationSettingsAnswer
    created_at: Instant


class NotificationAnswer(Answer):
    """News about something that the caller subscribed to; `readAt` is null until it is read.

    `url` is the path of the article, the reports or the prices in this API.
    """

    id: str
    kind: Literal["news", "prices", "financials"]
    ticker: str
    title: str
    url: str
    created_at: Instant
    read_at: Instant | None


class NotificationsAnswer(Answer):
    """A page of the caller's notifications of the last three months, latest first."""

    items: Sequence[NotificationAnswer]
    next_cursor: str | None = None


class ViewedAnswer(Answer):
    """The companies that the caller viewed recently, latest first."""

    viewed: Sequence[str]


class ExportAnswer(Answer):
    """Everything that is stored about the caller."""

    exported_at: Instant
    user: UserAnswer
    viewed: Sequence[str]
    notifications: Sequence[NotificationAnswer]


class DeletionAnswer(Answer):
    """A deletion that has begun: the caller's data are out of use, and are deleted in a while.

    Backups, and archives of events, are not changed; they are gone after `backupsUntil`, which is
    null on a stage without any.
    """

    requested_at: Instant
    backups_until: date | None


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if value is not None and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Input should be a date, written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


TopicText = Annotated[str, Field(min_length=1, max_length=200)]


TickerText = Annotated[str, Field(min_length=1, max_length=40)]


class ProfilePatch(Request):
    """Changes of a profile: `null` removes a field, fields that are left out stay."""

    first_name: Name | None = Field(None, description="Given name.")
    last_name: Name | None = Field(None, description="Family name.")
    birth_date: Day | None = Field(None, description="The user must be at least 18.")


class NotificationSettingsPatch(Request):
    """Changes of how notifications are sent: `null` restores the default of a field."""

    delivery: Delivery | None = Field(
        None, description="`at_once`, which is the default, or `daily` at `dailyAt`."
    )
    daily_at: ClockTime | None = Field(None, description="Time of day, such as `08:00`.")
    quiet_from: ClockTime | None = Field(
        None, description="Nothing is sent from this time of day until `quietUntil`."
    )
    quiet_until: ClockTime | None = Field(None, description="The end of the quiet hours.")
    time_zone: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A name of the IANA database, such as `Europe/Berlin`."
    )
    email: StrictBool | None = Field(
        None, description="Whether they are mailed as well, to a verified address."
    )


class RecordPatch(Request):
    """Changes of a record: `null` removes a field, fields that are left out stay."""

    profile: ProfilePatch = ProfilePatch()
    investor_type: InvestorType | None = Field(None, description="Readiness to take risk.")
    notifications: NotificationSettingsPatch = NotificationSettingsPatch()


class WizardPut(Request):
    """How far the caller is with the onboarding wizard."""

    wizard: WizardStatus = Field(
        description="`completed` needs names, birth date and investor type."
    )


class TopicsPut(Request):
    """The topics that replace those of before."""

    topics: Annotated[Sequence[TopicText], Field(max_length=MOST_TOPICS)] = Field(
        description="Tags; stored in lower case with underscores, each once."
    )


class WatchlistPut(Request):
    """The companies that replace those of before, in this order."""

    watchlist: Annotated[Sequence[TickerText], Field(max_length=MOST_WATCHED)] = Field(
        description="Known tickers, in upper or lower case; each is stored once."
    )
