"""Tickers as Alpaca spells them: preferred shares are `ABR.PRD`, where `ABR.PD` is stored."""

import re
from typing import Final

from ...domain import Ticker

__all__ = ["canonical", "spelled"]

_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.PR([A-Z])")
_CANONICAL_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.P([A-Z])")


def canonical(symbol: str) -> Ticker:
    """Return a symbol of Alpaca in the one form that is stored; maybe no ticker at all."""
    text = symbol.strip().upper()
    found = _PREFERRED.fullmatch(text)
    return f"{found[1]}.P{found[2]}" if found else text


def spelled(ticker: Ticker) -> str:
    """Return a ticker as Alpaca wants to be asked for it."""
    found = _CANONICAL_PREFERRED.fullmatch(ticker)
    return f"{found[1]}.PR{found[2]}" if found else ticker
