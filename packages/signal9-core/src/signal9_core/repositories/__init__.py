"""What is stored, in terms of the domain: written once, over whichever store there is."""

from .assets import AssetRepository
from .changes import change_item
from .financials import FinancialsRepository
from .followers import FollowerRepository
from .news import NewsRepository
from .prices import PriceChange, PriceRepository
from .state import StateRepository
from .users import UserRepository

__all__ = [
    "AssetRepository",
    "FinancialsRepository",
    "FollowerRepository",
    "NewsRepository",
    "PriceChange",
    "PriceRepository",
    "StateRepository",
    "UserRepository",
    "change_item",
]
