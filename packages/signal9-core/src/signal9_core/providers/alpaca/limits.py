"""How much Alpaca gives; known without the network and without a key."""

from datetime import date, timedelta
from typing import Final

__all__ = ["BEGINNING", "NEWS_SPAN", "NOTICE"]

BEGINNING: Final = date(2016, 1, 1)
"""How far back its bars reach."""
NEWS_SPAN: Final = timedelta(days=90)
"""How far back the first look at a company's news reaches, at fifty articles a call."""
NOTICE: Final = (
    f"Alpaca: prices from {BEGINNING:%Y} on; "
    f"news of the last {NEWS_SPAN.days} days when first asked."
)
"""What people must know who see its data."""
