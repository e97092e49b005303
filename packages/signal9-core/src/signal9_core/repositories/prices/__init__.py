"""Price history, in blocks that cost one write unit each."""

from .changes import PriceChange
from .repository import PriceRepository

__all__ = ["PriceChange", "PriceRepository"]
