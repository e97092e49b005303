"""Answers about companies: lists, details and searches."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from ..domain.companies import DataSet, Freshness, Insights, PriceCheck
from .base import Answer, Number

__all__ = ["AssetAnswer", "AssetSummary", "AssetsAnswer", "SearchAnswer", "SearchHit"]


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
