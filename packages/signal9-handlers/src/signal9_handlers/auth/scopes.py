"""What a token may allow."""

from typing import Final

__all__ = ["READ_MARKET", "READ_ME", "SCOPES", "WRITE_ME"]

READ_MARKET: Final = "read:market"
"""Companies, prices, reports, news."""

READ_ME: Final = "read:me"
"""The caller's own record, and what follows from it."""

WRITE_ME: Final = "write:me"
"""Changing and deleting it."""

SCOPES: Final = frozenset({READ_MARKET, READ_ME, WRITE_ME})
"""Every scope of the API."""
