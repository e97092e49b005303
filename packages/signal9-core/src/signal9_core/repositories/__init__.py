"""Repositories: what is stored, in terms of the domain, over any store."""

from .actions import ActionRepository, Coverage, KnownActions
from .companies import AssetRepository, ListedName, ListingRepository, VersionedProfile
from .news import NewsChange, NewsRepository
from .notifications import NotificationRepository, StoredNotification
from .optimistic import RecordEvent, change_item, ignore, retry_on_conflict
from .prices import PriceChange, PriceRepository
from .quotas import QuotaRepository
from .reports import FinancialsRepository, ReportChanges
from .state import StateRepository
from .users import RecentlyViewedRepository, SubscriptionRepository, UserRepository, VersionedUser

__all__ = [
    "ActionRepository",
    "AssetRepository",
    "Coverage",
    "FinancialsRepository",
    "KnownActions",
    "ListedName",
    "ListingRepository",
    "NewsChange",
    "NewsRepository",
    "NotificationRepository",
    "PriceChange",
    "PriceRepository",
    "QuotaRepository",
    "RecentlyViewedRepository",
    "RecordEvent",
    "ReportChanges",
    "StateRepository",
    "StoredNotification",
    "SubscriptionRepository",
    "UserRepository",
    "VersionedProfile",
    "VersionedUser",
    "change_item",
    "ignore",
    "retry_on_conflict",
]
