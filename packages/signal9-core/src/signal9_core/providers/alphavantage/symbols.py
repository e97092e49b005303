"""Tickers as AlphaVantage spells them: `BRK-B` is `BRK.B`, `ABR-P-D` is `ABR.PD`.

Share classes, warrants and units have one or two letters after a full stop; exchanges have three
(`TSCO.LON`), and are spelled alike on both sides.
"""

import re
from typing import Final

from ...domain import Ticker

__all__ = ["COMPACT_BARS", "FREE_NOTICE", "NEWS_LIMIT", "canonical", "spelled"]

_PREFERRED: Final = re.compile(r"([A-Z0-9]+)[-/]P-?([A-Z])")
_CLASS: Final = re.compile(r"([A-Z0-9]+)[-/]([A-Z]{1,2})")
_CANONICAL_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.P([A-Z])")
_CANONICAL_CLASS: Final = re.compile(r"([A-Z0-9]+)\.([A-Z]{1,2})")


def canonical(symbol: str) -> Ticker:
    """Return a symbol of AlphaVantage in the one form that is stored; maybe no ticker at all."""
    text = symbol.strip().upper()
    if found := _PREFERRED.fullmatch(text):
        return f"{found[1]}.P{found[2]}"
    found = _CLASS.fullmatch(text)
    return f"{found[1]}.{found[2]}" if found else text


def spelled(ticker: Ticker) -> str:
    """Return a ticker as AlphaVantage wants to be asked for it."""
    if found := _CANONICAL_PREFERRED.fullmatch(ticker):
        return f"{found[1]}-P-{found[2]}"
    found = _CANONICAL_CLASS.fullmatch(ticker)
    return f"{found[1]}-{found[2]}" if found else ticker


COMPACT_BARS: Final = 100
"""How many bars a free key gets of a time series."""
NEWS_LIMIT: Final = 1000
"""How many articles one answer holds at most."""
FREE_NOTICE: Final = (
    f"AlphaVantage's free plan: prices are of the last {COMPACT_BARS} trading days."
)
"""What people must know who see the data of a free key."""
