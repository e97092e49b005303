"""What the API answers to one caller: their record, what they were told, their briefing."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from .answers import Answer, ArticleAnswer, AssetSummary, Number
from .domain import Instant, InvestorType, SentimentLabel, WizardStatus

__all__ = [
    "BriefingAnswer",
    "ExportAnswer",
    "MarketSummary",
    "NotificationAnswer",
    "NotificationsAnswer",
    "ProfileAnswer",
    "Tone",
    "ToneOfAsset",
    "UserAnswer",
    "ViewedAnswer",
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
