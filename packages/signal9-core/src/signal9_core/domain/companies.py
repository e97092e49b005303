"""Companies: their listing, description, insights, and how fresh the data about them is."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import Field, NonNegativeInt, PositiveInt

from .model import (
    Exact,
    Instant,
    Model,
    OpenModel,
    OptionalCurrency,
    OptionalDay,
    OptionalNumber,
    OptionalText,
    Score,
    Ticker,
)
from .news import SentimentLabel

__all__ = [
    "Asset",
    "AssetProfile",
    "CompanyOverview",
    "CompanyState",
    "DataSet",
    "Freshness",
    "Insights",
    "ListName",
    "ListedAsset",
    "PendingEvent",
    "PriceRange",
    "SentimentRating",
]


class SentimentRating(Model):
    """The sentiment of the news about a company over the days up to and including `as_of`."""

    as_of: date
    window_days: PositiveInt
    sample_size: NonNegativeInt = Field(description="How many articles the rating rests on.")
    score: Score = Field(description="Mean of the articles' scores, weighted by relevance.")
    label: SentimentLabel


class PriceRange(Model):
    """Lowest low and highest high, as traded, of the 52 weeks up to and including `as_of`."""

    as_of: date
    low: Exact
    low_on: date
    high: Exact
    high_on: date


class Insights(Model):
    """Figures derived from stored facts; absent as long as there is nothing to derive them from."""

    sentiment: SentimentRating | None = None
    range_52_weeks: PriceRange | None = Field(None, alias="range52Weeks")


class DataSet(StrEnum):
    """The kinds of data about a company, each with its own freshness."""

    OVERVIEW = "overview"
    PRICES = "prices"
    FINANCIALS = "financials"
    NEWS = "news"


ListName = Literal["listing", "calendar"]
"""What a provider has of all companies at once: who they are, and when they will report."""


class Asset(OpenModel):
    """A listing: the identity of something that can be bought."""

    ticker: Ticker
    name: OptionalText = None
    exchange: OptionalText = None
    asset_type: OptionalText = None
    status: Literal["active", "inactive"] = "active"
    cik: OptionalText = Field(
        None, description="The company's number at the SEC, without leading zeros."
    )
    rank: int | None = Field(
        None, ge=1, description="Place by size among all listings, 1 the largest."
    )
    ipo_date: OptionalDay = None
    delisting_date: OptionalDay = None


class ListedAsset(NamedTuple):
    """A company as lists and searches show it; `rank` is its place by size, 1 the largest."""

    ticker: Ticker
    name: str | None = None
    exchange: str | None = None
    rank: int | None = None
    sector: str | None = None


class CompanyOverview(OpenModel):
    """What a company is and does, as a provider describes it; ratios come along as extra fields."""

    ticker: Ticker
    name: OptionalText = None
    description: OptionalText = None
    exchange: OptionalText = None
    sector: OptionalText = None
    industry: OptionalText = None
    country: OptionalText = None
    currency: OptionalCurrency = None
    cik: OptionalText = None
    fiscal_year_end: OptionalText = Field(
        None, description="The month in which its fiscal year ends."
    )
    latest_quarter: OptionalDay = None
    market_capitalization: OptionalNumber = None
    shares_outstanding: OptionalNumber = None


class Freshness(Model):
    """How far one data set of one company reaches, and where it comes from."""

    as_of: date = Field(description="The last day that the data covers.")
    source: str = Field(description="The provider's name.")
    complete: bool = Field(description="False where the provider gave only part of what it has.")
    fetched_at: Instant = Field(description="When the provider was asked.")
    count: NonNegativeInt = Field(description="How many bars, reports or articles are stored.")


class CompanyState(NamedTuple):
    """When each data set of a company was last requested, and the last day on which it reported.

    `rank` is its place by size, 1 the largest; `pending` says whether events are unpublished.
    """

    ticker: Ticker
    requested: Mapping[DataSet, datetime]
    rank: int | None = None
    reported_on: date | None = None
    pending: bool = False


class PendingEvent(Model):
    """An event that is recorded and not yet published: its detail type and its JSON."""

    detail_type: str
    detail: str


class AssetProfile(Model):
    """The record of a company: what is listed, described and derived, and what is pending."""

    asset: Asset
    overview: CompanyOverview | None = None
    insights: Insights = Insights()
    freshness: dict[DataSet, Freshness] = Field(default_factory=dict)
    requested: dict[DataSet, Instant] = Field(
        default_factory=dict,
        description="When each data set was last requested, even if there was nothing.",
    )
    checked_at: Instant | None = Field(None, description="When a provider was last asked about it.")
    pending: tuple[PendingEvent, ...] = Field((), description="Events that are still unpublished.")
