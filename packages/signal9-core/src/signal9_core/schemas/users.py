"""Answers and requests about one user: record, notifications, briefing."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from ..domain import (
    MOST_TOPICS,
    MOST_WATCHED,
    Instant,
    InvestorType,
    Model,
    Name,
    SentimentLabel,
    WizardStatus,
)
from .market import ArticleAnswer, AssetSummary
from .model import Answer, Number

__all__ = [
    "BriefingAnswer",
    "ExportAnswer",
    "MarketSummary",
    "NotificationAnswer",
    "NotificationsAnswer",
    "ProfileAnswer",
    "ProfilePatch",
    "RecordPatch",
    "Request",
    "Tone",
    "ToneOfAsset",
    "TopicsPut",
    "UserAnswer",
    "ViewedAnswer",
    "WatchlistPut",
    "WizardPut",
    "request_schema",
]

Trend = Literal["up", "down", "flat"]


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


class Tone(Answer):
    """Mean sentiment of the news of a window and of the one before; null without any.

    `change` is the difference; from 0.05 on the trend is up or down.
    """

    articles: int
    sentiment: Number | None
    label: SentimentLabel | None
    previous_articles: int
    previous_sentiment: Number | None
    change: Number | None
    trend: Trend | None


class ToneOfAsset(Tone):
    """Sentiment of the news about one company."""

    ticker: str
    name: str | None


class MarketSummary(Tone):
    """Sentiment of all news in the days up to and including `asOf`."""

    as_of: date
    window_days: int
    companies: int = Field(description="Companies with news in the window.")
    assets: Sequence[ToneOfAsset] = Field(description="Companies with most news, most first.")
    complete: bool = Field(description="Whether every article of both windows was counted.")


class BriefingAnswer(Answer):
    """Recent news for the caller, a summary of the market, and recently viewed companies."""

    of: Literal["interests", "market"] = Field(
        description="Whether the items are about the caller's topics and watchlist, or all news."
    )
    items: Sequence[ArticleAnswer]
    market: MarketSummary | None = Field(description="Null without any news.")
    viewed: Sequence[AssetSummary] = Field(description="Recently viewed, latest first.")
    next_cursor: str | None = None


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if value is not None and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Input should be a date, written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
TopicText = Annotated[str, Field(min_length=1, max_length=200)]
TickerText = Annotated[str, Field(min_length=1, max_length=40)]


class Request(Model):
    """Part of a request body; unknown fields are refused."""

    model_config = ConfigDict(validate_by_name=False)


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


def request_schema(kind: type[Request]) -> dict[str, Any]:
    """Return the JSON Schema of a request body, for the OpenAPI document and API Gateway."""
    return kind.model_json_schema()
