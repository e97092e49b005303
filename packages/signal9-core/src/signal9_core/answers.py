"""What the API answers, and the command line's `--json` with it: one contract, written once.

Field names follow in camelCase. Numbers are JSON numbers that keep their decimals.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from .domain import DataSet, Insights, Instant, Interval, Period, ReportKind, SentimentLabel

__all__ = [
    "Answer",
    "ArticleAnswer",
    "AssetAnswer",
    "AssetSummary",
    "AssetsAnswer",
    "BarRow",
    "DataSetStatus",
    "FailureAnswer",
    "FinancialsAnswer",
    "FreshnessAnswer",
    "IngestAnswer",
    "KeyAnswer",
    "KeysAnswer",
    "NewsAnswer",
    "PriceColumns",
    "PricesAnswer",
    "QuotaAnswer",
    "ReplayAnswer",
    "ReportRow",
    "SearchAnswer",
    "SearchHit",
    "SkippedAnswer",
    "StatusAnswer",
    "TickerTone",
    "to_json",
]

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class Answer(BaseModel):
    """Part of an answer: immutable, camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, serialize_by_alias=True, validate_by_name=True
    )


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


class FreshnessAnswer(Answer):
    """How far a data set reaches (`asOf`), where it comes from, whether it is all there is."""

    as_of: date
    source: str
    complete: bool
    fetched_at: Instant
    count: int


class AssetAnswer(Answer):
    """Everything about one company but its series, reports and news."""

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
    freshness: dict[DataSet, FreshnessAnswer]


class BarRow(Answer):
    """One bar; `date` is its last trading day."""

    date: date
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int


class PriceColumns(Answer):
    """The same bars, a list per column, all of one length."""

    date: Sequence[date]
    open: Sequence[Number]
    high: Sequence[Number]
    low: Sequence[Number]
    close: Sequence[Number]
    volume: Sequence[int]


class PricesAnswer(Answer):
    """Bars of one company, oldest first; `items` holds rows or, where asked for, columns."""

    ticker: str
    interval: Interval
    adjusted: bool
    currency: str
    items: Sequence[BarRow] | PriceColumns
    next_cursor: str | None = None


class SearchHit(Answer):
    """A company that a search found; `score` goes from 0 to 100, an exact ticker."""

    ticker: str
    name: str | None
    exchange: str | None
    score: Number


class SearchAnswer(Answer):
    """What a search found, best first."""

    items: Sequence[SearchHit]


class TickerTone(Answer):
    """How much an article is about a company (0 to 1), and its tone towards it (-1 to 1)."""

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
    scored_by: str | None = Field(description="Who judged the tone, where not the source itself.")


class NewsAnswer(Answer):
    """A page of articles, newest first."""

    items: Sequence[ArticleAnswer]
    next_cursor: str | None = None


class ReportRow(Answer):
    """One report; `values` holds what it reports under AlphaVantage's names, null where unknown."""

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


class FailureAnswer(Answer):
    """A data set that could not be ingested; `transient` tells whether trying again can help."""

    ticker: str | None
    data_set: str
    reason: str
    transient: bool


class IngestAnswer(Answer):
    """What an ingest did: how much is stored now, and how much of it was new or changed."""

    provider: str
    notice: str | None
    stored: dict[str, int]
    changed: dict[str, int]
    failed: Sequence[FailureAnswer]
    seconds: Number


class SkippedAnswer(Answer):
    """A file that a replay left out, and why."""

    file: str
    reason: str


class ReplayAnswer(Answer):
    """What a replay did: how much is stored now, and how much of it was new or changed."""

    files: int
    stored: dict[str, int]
    changed: int
    skipped: Sequence[SkippedAnswer]


class QuotaAnswer(Answer):
    """How many calls to a provider are left, and when there are more again."""

    provider: str
    period: str
    limit: int
    left: int
    refills_at: Instant


class KeyAnswer(Answer):
    """Where a provider's key comes from; never the key itself."""

    provider: str
    setting: str
    source: str | None = Field(description="Null where it is nowhere.")


class KeysAnswer(Answer):
    """Where the keys of all providers come from."""

    keys: Sequence[KeyAnswer]


class DataSetStatus(Answer):
    """How many companies a data set covers, how much it holds, and how far it reaches."""

    companies: int
    count: int
    oldest: date | None = Field(description="The least recent `asOf` among the companies.")
    newest: date | None = Field(description="The most recent `asOf` among the companies.")
    sources: Sequence[str]
    incomplete: int = Field(description="Companies for which only part of the data is stored.")


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


_encoder = msgspec.json.Encoder(decimal_format="number")


def to_json(answer: Answer) -> bytes:
    """Return the answer as JSON in UTF-8, with every digit that is stored."""
    return _encoder.encode(answer.model_dump())
