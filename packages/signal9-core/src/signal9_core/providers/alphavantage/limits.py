"""How much one answer of AlphaVantage holds at most."""

from typing import Final

__all__ = ["COMPACT_BARS", "NEWS_LIMIT"]

COMPACT_BARS: Final = 100
"""How many bars a free key gets of a time series."""
NEWS_LIMIT: Final = 1000
"""How many articles one answer holds at most."""
