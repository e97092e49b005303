"""Answers about companies: lists, details and searches."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from ..domain.companies import DataSet, Freshness, PriceCheck, ProblemKind
from ..domain.insights import Insights
from .base import Answer, Number


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


class FormerOwnerAnswer(Answer):
    """A company that had the ticker before."""

    name: str | None
    cik: str | None
    since: date | None = Field(description="Null unless another company had the ticker before it.")
    until: date = Field(description="The first day on which it did not have the ticker.")
    renamed_to: str | None = Field(description="Its next ticker, if that is known.")


class AssetProblem(Answer):
    """Something that is wrong with the data of the company."""

    kind: ProblemKind
    reason: str
    since: date


class FormerTickerAnswer(Answer):
    """A ticker that a company had before; `until` is the first day without it."""

    ticker: str
    until: date


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
    delisting_date: date | None = Field(
        description="The first day on which it did not have this ticker any more."
    )
    renamed_to: str | None = Field(description="The ticker that it has instead.")
    former_tickers: tuple[FormerTickerAnswer, ...]
    since: date | None = Field(
        description="The first day of its own, where another company had the ticker before. "
        "Prices, reports and news of earlier days are not its own, and not in any answer."
    )
    former_owners: tuple[FormerOwnerAnswer, ...]
    problems: tuple[AssetProblem, ...] = Field(
        description="What is wrong with the data of the company."
    )
    insights: Insights
    price_check: PriceCheck | None = Field(
        None, description="Null if no provider sent adjusted closes to compare with."
    )
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
