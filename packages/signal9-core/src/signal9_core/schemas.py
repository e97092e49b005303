"""The answers and request bodies of the API; `--json` of the command line prints the same.

Field names are in camelCase. Numbers are JSON numbers with all their decimals.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from .domain.companies import DataSet, Freshness, Insights
from .domain.model import Instant, Model
from .domain.news import SentimentLabel
from .domain.prices import Interval
from .domain.reports import Period, ReportKind
from .domain.users import MOST_TOPICS, MOST_WATCHED, InvestorType, Name, WizardStatus

__all__ = [
    "Answer",
    "ArticleAnswer",
    "AssetAnswer",
    "AssetSummary",
    "AssetsAnswer",
    "BarRow",
    "BriefingAnswer",
    "DataSetStatus",
    "ExportAnswer",
    "FailureAnswer",
    "FinancialsAnswer",
    "IngestAnswer",
    "KeyAnswer",
    "KeysAnswer",
    "MarketSummary",
    "NewsAnswer",
    "NotificationAnswer",
    "NotificationsAnswer",
    "Number",
    "PriceBatchAnswer",
    "PriceColumns",
    "PricesAnswer",
    "ProfileAnswer",
    "ProfilePatch",
    "QuotaAnswer",
    "RecordPatch",
    "ReplayAnswer",
    "ReportRow",
    "Request",
    "SearchAnswer",
    "SearchHit",
    "SkippedAnswer",
    "StatusAnswer",
    "TickerTone",
    "Tone",
    "ToneOfAsset",
    "TopicsPut",
    "UserAnswer",
    "ViewedAnswer",
    "WatchlistPut",
    "WizardPut",
    "request_schema",
    "to_json",
]

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class Answer(Model):
    """Part of an answer; it can be read from an object that has its fields, and more."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


_encoder = msgspec.json.Encoder(decimal_format="number")


def to_json(answer: Answer, fields: Sequence[str] = ()) -> bytes:
    """Return an answer as JSON in UTF-8, with all digits of its numbers.

    With `fields`, only those, of every item of a list; they have their names in JSON.
    """
    content = answer.model_dump()
    return _encoder.encode(_select(content, set(fields)) if fields else content)


def _select(content: Mapping[str, object], fields: AbstractSet[str]) -> Mapping[str, object]:
    match content.get("items"):
        case dict() as columns:
            return {**content, "items": _select(columns, fields)}
        case list() | tuple() as rows:
            return {**content, "items": [_select(row, fields) for row in rows]}
    return {name: value for name, value in content.items() if name in fields}


class AssetSummary(Answer):
    """A company in a list."""

    ticker: str
    name: str | None
    exchange: str | None
    sector: str | None = None


class AssetsAnswer(Answer):
    """A page of companies, by name."""

    items: Sequence[AssetSummary]
    next_cursor: str | None = None
    unknown: Sequence[str] = Field((), description="Requested tickers that are unknown.")


class AssetAnswer(Answer):
    """One company: identity, description, insights and freshness."""

    ticker: str
    name: str | None
    exchange: str | None
    asset_type: str | None
    status: Literal["active", "inactive"]
    cik: str | None
    sector: str | None
    industry: str | None
    country: str | None
    currency: str | None
    fiscal_year_end: str | None
    description: str | None
    market_capitalization: Number | None
    insights: Insights
    freshness: dict[DataSet, Freshness]


class SearchHit(Answer):
    """A company that matches a search; `score` is from 0 to 100, an exact ticker."""

    ticker: str
    name: str | None
    exchange: str | None
    score: Number


class SearchAnswer(Answer):
    """Matches of a search, best first."""

    items: Sequence[SearchHit]


class TickerTone(Answer):
    """An article's relevance for a company (0 to 1), and its sentiment towards it (-1 to 1)."""

    ticker: str
    relevance: Number
    sentiment: Number | None
    label: SentimentLabel | None


class ArticleAnswer(Answer):
    """One article."""

    id: str
    published_at: Instant
    title: str
    summary: str | None
    url: str | None
    source: str
    topics: Sequence[str]
    tickers: Sequence[TickerTone]
    sentiment: Number | None
    label: SentimentLabel | None
    scored_by: str | None = Field(description="What scored the sentiment, if the source did not.")


class NewsAnswer(Answer):
    """A page of articles, newest first."""

    items: Sequence[ArticleAnswer]
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the articles of the requested company reach."
    )


class ReportRow(Answer):
    """One report; `values` has AlphaVantage's field names, null where unknown."""

    fiscal_date_ending: date
    currency: str | None
    values: dict[str, Number | None]


class FinancialsAnswer(Answer):
    """Reports of one kind and period, newest first."""

    ticker: str
    report: ReportKind
    period: Period
    items: Sequence[ReportRow]
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the stored reports reach; null without any."
    )


class BarRow(Answer):
    """One bar; `date` is its last trading day."""

    date: date
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int


class PriceColumns(Answer):
    """Bars as columns: one list per field, all of the same length."""

    date: Sequence[date]
    open: Sequence[Number]
    high: Sequence[Number]
    low: Sequence[Number]
    close: Sequence[Number]
    volume: Sequence[int]


class PricesAnswer(Answer):
    """Bars of one company, oldest first; `items` has rows or, if requested, columns."""

    ticker: str
    interval: Interval
    adjusted: bool
    currency: str
    items: Sequence[BarRow] | PriceColumns
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the stored bars reach; null without any."
    )


class PriceBatchAnswer(Answer):
    """Bars of several companies, in the order of the request."""

    items: Sequence[PricesAnswer]
    unknown: Sequence[str] = Field((), description="Requested tickers that are unknown.")


class FailureAnswer(Answer):
    """A data set that could not be ingested; a `transient` failure may pass."""

    ticker: str | None
    data_set: str
    reason: str
    transient: bool


class IngestAnswer(Answer):
    """Result of an ingest: how much is stored, and how much of it is new or changed."""

    provider: str
    notice: str | None
    stored: dict[str, int]
    changed: dict[str, int]
    failed: Sequence[FailureAnswer]
    seconds: Number


class SkippedAnswer(Answer):
    """A file that a replay skipped, and why."""

    file: str
    reason: str


class ReplayAnswer(Answer):
    """Result of a replay: how much is stored, and how much of it is new or changed."""

    files: int
    stored: dict[str, int]
    changed: int
    skipped: Sequence[SkippedAnswer]


class QuotaAnswer(Answer):
    """How many requests to a provider are left, and when the budget refills."""

    provider: str
    period: str
    limit: int
    left: int
    refills_at: Instant


class KeyAnswer(Answer):
    """Where a provider's key comes from; never the key itself."""

    provider: str
    setting: str
    source: str | None = Field(description="Null if the key is not set.")


class KeysAnswer(Answer):
    """Where the keys of all providers come from."""

    keys: Sequence[KeyAnswer]


class DataSetStatus(Answer):
    """How many companies a data set covers, how much it has, and how far it reaches."""

    companies: int
    count: int
    oldest: date | None = Field(description="Earliest `asOf` of the companies.")
    newest: date | None = Field(description="Latest `asOf` of the companies.")
    sources: Sequence[str]
    incomplete: int = Field(description="Companies of which only part is stored.")


class StatusAnswer(Answer):
    """What is stored, where, and how fresh it is."""

    stage: str
    store: str
    location: str
    provider: str
    notice: str | None
    assets: int
    ingested_at: Instant | None
    data_sets: dict[DataSet, DataSetStatus]
    quotas: Sequence[QuotaAnswer] = ()


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
