"""How much AlphaVantage gives; known without the network and without a key."""

from typing import Final

__all__ = ["COMPACT_BARS", "FREE_NOTICE", "NEWS_LIMIT"]

COMPACT_BARS: Final = 100
"""How many bars a free key gets of a time series."""
NEWS_LIMIT: Final = 1000
"""How many articles one answer holds at most."""
FREE_NOTICE: Final = (
    f"AlphaVantage's free plan: prices are of the last {COMPACT_BARS} trading days."
)
"""What people must know who see the data of a free key."""
