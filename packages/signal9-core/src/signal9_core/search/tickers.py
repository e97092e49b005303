"""Companies by ticker: exact, begun, or mistyped."""

import re
from collections.abc import Sequence
from typing import Final

from .clue import Clues
from .spelling import Spellings

__all__ = ["TickerIndex", "as_ticker"]

_SEPARATORS: Final = re.compile(r"[\s./_-]+")
_MISTYPED_LENGTHS: Final = range(3, 7)


def as_ticker(typed: str) -> str:
    """Spell what was typed as a ticker would be: `brk-b` and `brk b` are `BRK.B`."""
    return _SEPARATORS.sub(".", typed.strip().lstrip("$").upper())


class TickerIndex:
    """The places of companies by their tickers."""

    def __init__(self, tickers: Sequence[str]) -> None:
        self._places = {ticker: place for place, ticker in enumerate(tickers)}
        self._without_dot = {
            ticker.replace(".", ""): place
            for ticker, place in self._places.items()
            if "." in ticker
        }
        self._spellings = Spellings(self._places)

    def exact(self, ticker: str) -> int | None:
        """Return the company with this very ticker; `BRKB` will do for `BRK.B`."""
        return self._places.get(ticker, self._without_dot.get(ticker))

    def beginning(self, ticker: str) -> Clues:
        """Yield the companies whose tickers begin like this, the more of it typed the better."""
        for whole in self._spellings.starting_with(ticker):
            yield self._places[whole], 86 + 6 * len(ticker) / len(whole)

    def mistyped(self, ticker: str) -> Clues:
        """Yield the companies whose tickers are one slip away."""
        if len(ticker) in _MISTYPED_LENGTHS:
            for whole, slips in self._spellings.near(ticker, 1):
                yield self._places[whole], 85 - 25 * slips / len(ticker)
