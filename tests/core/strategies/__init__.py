"""Random but valid facts, for every test that wants any of a kind rather than one in particular."""

from .companies import asset_profiles, assets, freshness, insights, overviews
from .news import articles
from .people import notifications, users
from .prices import actions, bars, price_series, walk
from .reports import calendar_entries, earnings, statements
from .values import days, figures, instants, scores, texts, tickers

__all__ = [
    "actions",
    "articles",
    "asset_profiles",
    "assets",
    "bars",
    "calendar_entries",
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
