"""What the API answers to one caller: their record, what they were told, their briefing."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from ..domain import (
    MOST_TOPICS,
    MOST_WATCHED,
    Instant,
    InvestorType,
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
    """Who a person is, as far as they told us."""

    first_name: str | None
    last_name: str | None
    birth_date: date | None


class UserAnswer(Answer):
    """The caller's own record; `missing` names what the wizard still needs to be completed."""

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
    """One thing that the caller asked to be told; `readAt` is null until they read it."""

    id: str
    kind: Literal["news", "prices", "financials"]
    ticker: str
    title: str
    created_at: Instant
    read_at: Instant | None


class NotificationsAnswer(Answer):
    """A page of what the caller was told in the last three months, latest first."""

    items: Sequence[NotificationAnswer]
    next_cursor: str | None = None


class ViewedAnswer(Answer):
    """The companies that the caller looked at of late, latest first."""

    viewed: Sequence[str]


class ExportAnswer(Answer):
    """Everything that is stored about the caller."""

    exported_at: Instant
    user: UserAnswer
    viewed: Sequence[str]
    notifications: Sequence[NotificationAnswer]


class Tone(Answer):
    """How news spoke over the window, and over the one before; null where no article had a tone.

    `change` is the difference of the two; up and down start at a change of 0.05.
    """

    articles: int
    sentiment: Number | None
    label: SentimentLabel | None
    previous_articles: int
    previous_sentiment: Number | None
    change: Number | None
    trend: Trend | None


class ToneOfAsset(Tone):
    """How news spoke of one company."""

    ticker: str
    name: str | None


class MarketSummary(Tone):
    """How news spoke of all companies in the days up to and including `asOf`."""

    as_of: date
    window_days: int
    companies: int = Field(description="Companies with news in the window.")
    assets: Sequence[ToneOfAsset] = Field(description="Those with most news, most first.")
    complete: bool = Field(description="Whether every article of both windows was counted.")


class BriefingAnswer(Answer):
    """Recent news for the caller, with a summary of the market and what they looked at."""

    of: Literal["interests", "market"] = Field(
        description="Whether the items are about the caller's topics and watchlist, or about all."
    )
    items: Sequence[ArticleAnswer]
    market: MarketSummary | None = Field(description="Null where there is no news at all.")
    viewed: Sequence[AssetSummary] = Field(description="Looked at of late, latest first.")
    next_cursor: str | None = None


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if value is not None and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Input should be a date, written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Spelling = Annotated[str, Field(min_length=1, max_length=40)]


class Request(BaseModel):
    """Part of what is sent: camelCase, nothing unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=False
    )


class ProfilePatch(Request):
    """What changes about who a person is; `null` removes, what is left out stays."""

    first_name: Name | None = Field(None, description="Given name.")
    last_name: Name | None = Field(None, description="Family name.")
    birth_date: Day | None = Field(None, description="Of someone who is 18 or older.")


class RecordPatch(Request):
    """What changes in a record; `null` removes, what is left out stays."""

    profile: ProfilePatch = ProfilePatch()
    investor_type: InvestorType | None = Field(None, description="Readiness to carry risk.")


class WizardPut(Request):
    """How far a person got with introducing themselves."""

    wizard: WizardStatus = Field(
        description="`completed` needs names, birth date and investor type."
    )


class TopicsPut(Request):
    """The topics to follow, instead of those before."""

    topics: Annotated[Sequence[Word], Field(max_length=MOST_TOPICS)] = Field(
        description="Tags, in any spelling; kept in lower case, joined by underscores, each once."
    )


class WatchlistPut(Request):
    """The companies to watch, in this order, instead of those before."""

    watchlist: Annotated[Sequence[Spelling], Field(max_length=MOST_WATCHED)] = Field(
        description="Known tickers, in upper or lower case; each is kept once."
    )


def request_schema(kind: type[Request]) -> dict[str, Any]:
    """Return the JSON Schema of what is sent: for the API's document, and for API Gateway."""
    return kind.model_json_schema()
