"""What is computed from the stored facts of a company."""

from datetime import date

from pydantic import Field, NonNegativeInt, PositiveInt

from .model import Exact, Model, Score
from .sentiment import SentimentLabel

__all__ = ["Insights", "PriceRange", "SentimentRating"]


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
