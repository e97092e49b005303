"""What is stored, in terms of the domain: written once, over whichever store there is."""

from .actions import ActionRepository, KnownActions
from .companies import AssetRepository, ListedName, ListingRepository
from .news import NewsChange, NewsRepository
from .notifications import KeptNotification, NotifiedRepository
from .optimistic import Foretell, change_item, ignore, until_uncontested
from .prices.changes import PriceChange
from .prices.repository import PriceRepository
from .quotas import QuotaRepository
from .reports import FinancialsRepository
from .state import OutboxRepository, StateRepository
from .users import FollowerRepository, UserRepository, VersionedUser, ViewedRepository

__all__ = [
    "ActionRepository",
    "AssetRepository",
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
    "OutboxRepository",
    "PriceChange",
    "PriceRepository",
    "QuotaRepository",
    "StateRepository",
    "UserRepository",
    "VersionedUser",
    "ViewedRepository",
    "change_item",
    "ignore",
    "until_uncontested",
]
