"""What is stored, in terms of the domain: written once, over whichever store there is."""

from .actions import ActionRepository, KnownActions
from .companies import AssetRepository, ListedName, ListingRepository
from .news import NewsChange, NewsRepository
from .notifications import NotificationRepository, StoredNotification
from .optimistic import Foretell, change_item, ignore, until_uncontested
from .prices import PriceChange, PriceRepository
from .quotas import QuotaRepository
from .reports import FinancialsRepository
from .state import OutboxRepository, StateRepository
from .users import RecentlyViewedRepository, SubscriptionRepository, UserRepository, VersionedUser

__all__ = [
    "ActionRepository",
    "AssetRepository",
    "FinancialsRepository",
    "Foretell",
    "KnownActions",
    "ListedName",
    "ListingRepository",
    "NewsChange",
    "NewsRepository",
    "NotificationRepository",
    "OutboxRepository",
    "PriceChange",
    "PriceRepository",
    "QuotaRepository",
    "RecentlyViewedRepository",
    "StateRepository",
    "StoredNotification",
    "SubscriptionRepository",
    "UserRepository",
    "VersionedUser",
    "change_item",
    "ignore",
    "until_uncontested",
]
