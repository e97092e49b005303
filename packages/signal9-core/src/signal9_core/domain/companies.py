"""What is computed from the stored facts of a company."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from .model import Currency, Exact, Instant, Model, OpenModel, Score, Ticker, blank_to_none
from .news import SentimentLabel

__all__ = [
    "Asset",
    "AssetProfile",
    "CompanyOverview",
    "DataSet",
    "Freshness",
    "Insights",
    "PriceRange",
    "SentimentRating",
]


class SentimentRating(Model):
    """The tone of the news about a company over the days up to and including `as_of`."""

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
    """Figures derived from stored facts; each is absent until there is something to go by."""

    sentiment: SentimentRating | None = None
    range_52_weeks: PriceRange | None = Field(None, alias="range52Weeks")


Text = Annotated[str | None, BeforeValidator(blank_to_none)]
Day = Annotated[date | None, BeforeValidator(blank_to_none)]
Number = Annotated[Exact | None, BeforeValidator(blank_to_none)]


class DataSet(StrEnum):
    """What is collected about a company, each with a freshness of its own."""

    OVERVIEW = "overview"
    PRICES = "prices"
    FINANCIALS = "financials"
    NEWS = "news"


class Asset(OpenModel):
    """A listing: the identity of something that can be bought."""

    ticker: Ticker
    name: Text = None
    exchange: Text = None
    asset_type: Text = None
    status: Literal["active", "inactive"] = "active"
    cik: Text = Field(None, description="The company's number at the SEC, without leading zeros.")
    rank: int | None = Field(
        None, ge=1, description="Place by size among all listings, 1 the largest."
    )
    ipo_date: Day = None
    delisting_date: Day = None


class CompanyOverview(OpenModel):
    """What a company is and does, as a provider describes it; ratios come along as extra fields."""

    ticker: Ticker
    name: Text = None
    description: Text = None
    exchange: Text = None
    sector: Text = None
    industry: Text = None
    country: Text = None
    currency: Annotated[Currency | None, BeforeValidator(blank_to_none)] = None
    cik: Text = None
    fiscal_year_end: Text = Field(None, description="The month in which its fiscal year ends.")
    latest_quarter: Day = None
    market_capitalization: Number = None
    shares_outstanding: Number = None


class Freshness(Model):
    """How far one data set of one company reaches, and where it comes from."""

    as_of: date = Field(description="The last day that the data covers.")
    source: str = Field(description="The provider's name.")
    complete: bool = Field(description="False where the provider gave only part of what it has.")
    fetched_at: Instant = Field(description="When the provider was asked.")
    count: NonNegativeInt = Field(description="How many bars, reports or articles are stored.")


class AssetProfile(Model):
    """Everything that is kept about one company in one place."""

    asset: Asset
    overview: CompanyOverview | None = None
    insights: Insights = Insights()
    freshness: dict[DataSet, Freshness] = Field(default_factory=dict)
    checked_at: Instant | None = Field(None, description="When a provider was last asked about it.")
