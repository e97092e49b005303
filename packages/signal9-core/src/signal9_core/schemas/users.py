"""Answers and request bodies about the caller's own data."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from ..domain.model import Instant
from ..domain.users import MOST_TOPICS, MOST_WATCHED, InvestorType, Name, WizardStatus
from .base import Answer, Request

__all__ = [
    "ExportAnswer",
    "NotificationAnswer",
    "NotificationsAnswer",
    "ProfileAnswer",
    "ProfilePatch",
    "RecordPatch",
    "TopicsPut",
    "UserAnswer",
    "ViewedAnswer",
    "WatchlistPut",
    "WizardPut",
]


class ProfileAnswer(Answer):
    """A user's name and birth date, as far as given."""

    first_name: str | None
    last_name: str | None
    birth_date: date | None


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
    created_at: Instant


class NotificationAnswer(Answer):
    """News about something that the caller subscribed to; `readAt` is null until it is read."""

    id: str
    kind: Literal["news", "prices", "financials"]
    ticker: str
    title: str
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


class RecordPatch(Request):
    """Changes of a record: `null` removes a field, fields that are left out stay."""

    profile: ProfilePatch = ProfilePatch()
    investor_type: InvestorType | None = Field(None, description="Readiness to take risk.")


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
