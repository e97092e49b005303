"""What is stored, in terms of the domain: written once, over whichever store there is."""

from .actions import ActionRepository, KnownActions
from .assets import AssetRepository
from .changes import Foretell, change_item, ignore, until_uncontested
from .financials import FinancialsRepository
from .followers import FollowerRepository
from .listing import ListedName, ListingRepository
from .news import NewsChange, NewsRepository
from .notified import KeptNotification, NotifiedRepository
from .outbox import OutboxRepository
from .prices import PriceChange, PriceRepository
from .quotas import QuotaRepository
from .state import StateRepository
from .users import UserRepository, VersionedUser
from .viewed import ViewedRepository

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
