"""Random but valid facts, for every test that wants any of a kind rather than one in particular."""

from .companies import (
    articles,
    asset_profiles,
    assets,
    calendar_entries,
    earnings,
    freshness,
    insights,
    overviews,
    statements,
)
from .damage import damaged
from .people import notifications, users
from .prices import actions, bars, price_series, walk
from .values import days, figures, instants, scores, texts, tickers

__all__ = [
    "actions",
    "articles",
    "asset_profiles",
    "assets",
    "bars",
    "calendar_entries",
    "damaged",
    "days",
    "earnings",
    "figures",
    "freshness",
    "insights",
    "instants",
    "notifications",
    "overviews",
    "price_series",
    "scores",
    "statements",
    "texts",
    "tickers",
    "users",
    "walk",
]
