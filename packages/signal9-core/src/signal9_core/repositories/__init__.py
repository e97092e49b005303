"""Repositories: what is stored, in terms of the domain, over any store."""

from .actions import ActionRepository, Coverage, KnownActions
from .companies import AssetRepository, ListedName, ListingRepository, VersionedProfile
from .news import NewsChange, NewsRepository
from .notifications import KeptNotification, NotifiedRepository
from .optimistic import (
    Foretell,
    RecordEvent,
    change_item,
    ignore,
    retry_on_conflict,
    until_uncontested,
)
from .prices.changes import PriceChange
from .prices.repository import PriceRepository
from .reports import FinancialsRepository, ReportChanges
from .state import QuotaRepository, StateRepository
from .users import FollowerRepository, UserRepository, VersionedUser, ViewedRepository

__all__ = [
    "ActionRepository",
    "AssetRepository",
    "Coverage",
    "FinancialsRepository",
    "FollowerRepository",
    "Foretell",
    "KeptNotification",
    "KnownActions",
    "ListedName",
    "ListingRepository",
    "NewsChange",
    "NewsRepository",
    "NotifiedRepository",
    "PriceChange",
    "PriceRepository",
    "QuotaRepository",
    "RecordEvent",
    "ReportChanges",
    "StateRepository",
    "UserRepository",
    "VersionedProfile",
    "VersionedUser",
    "ViewedRepository",
    "change_item",
    "ignore",
    "retry_on_conflict",
    "until_uncontested",
]
