"""Repositories: what is stored, in terms of the domain, over any store."""

from .actions import ActionRepository, Coverage, KnownActions
from .companies import AssetRepository, ListedName, ListingRepository, VersionedProfile
from .news import NewsChange, NewsRepository
from .notifications import KeptNotification, NotifiedRepository
from .optimistic import RecordEvent, change_item, ignore, retry_on_conflict
from .prices import PriceChange, PriceRepository
from .reports import FinancialsRepository, ReportChanges
from .state import QuotaRepository, StateRepository
from .users import FollowerRepository, UserRepository, VersionedUser, ViewedRepository

__all__ = [
    "ActionRepository",
    "AssetRepository",
    "Coverage",
    "FinancialsRepository",
    "FollowerRepository",
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
]
