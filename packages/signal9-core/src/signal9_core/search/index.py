"""The index: built once over a listing and kept, then asked as often as one likes."""

from collections.abc import Iterable
from decimal import Decimal
from heapq import nsmallest
from math import log10
from typing import Final, NamedTuple

from .clue import Clues
from .names import NameIndex
from .text import core, words
from .tickers import TickerIndex, as_ticker
from .words import WordIndex

__all__ = ["Entry", "Match", "SearchIndex"]

_LONGEST_QUERY: Final = 80
_MOST_WORDS: Final = 8
_BEST: Final = 100.0
_SURE: Final = 80.0
_PER_TENFOLD_SIZE: Final = 2.0
_SHORTEST_NAME: Final = 4
_GIANT: Final = 100


class Entry(NamedTuple):
    """A company in the listing; `rank` is its place by size, 1 the largest."""

    ticker: str
    name: str | None = None
    exchange: str | None = None
    rank: int | None = None


class Match(NamedTuple):
    """A company that was found; `score` goes up to 100, an exact ticker."""

    ticker: str
    name: str | None
    exchange: str | None
    score: Decimal


class SearchIndex:
    """Finds companies by ticker or name, typing errors included; answers are always the same."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = sorted(entries, key=_by_size)
        names = [core(words(entry.name or "")) for entry in self._entries]
        self._tickers = TickerIndex([entry.ticker for entry in self._entries])
        self._names = NameIndex(names)
        self._words = WordIndex(names)

    def search(self, query: str, limit: int = 10) -> list[Match]:
        """Return what the query may mean, best first; nothing where it has no letter or digit."""
        query = query[:_LONGEST_QUERY]
        typed = core(words(query)[:_MOST_WORDS])
        points = self._points(typed, as_ticker(query)) if typed else {}
        points |= self._exact(query)
        best = nsmallest(limit, points, key=lambda place: (-points[place], place))
        return [self._match(place, points[place]) for place in best]

    def nearest(self, ticker: str, limit: int = 3) -> list[str]:
        """Return the tickers that may have been meant by one that is not listed."""
        found = self.search(ticker, limit + 1)
        return [match.ticker for match in found if match.ticker != as_ticker(ticker)][:limit]

    def _points(self, typed: list[str], ticker: str) -> dict[int, float]:
        name = "".join(typed)
        points: dict[int, float] = {}
        _add(points, self._tickers.beginning(ticker))
        _add(points, self._names.beginning(name))
        _add(points, self._words.containing(typed))
        if max(points.values(), default=0) < _SURE:
            _add(points, self._tickers.mistyped(ticker))
            _add(points, self._names.mistyped(name))
        return points

    def _exact(self, query: str) -> dict[int, float]:
        """Find the exact ticker and, before it, the giant that small letters rather mean.

        `aple` is a ticker, but more often the name of a company five hundred times further up
        with a letter left out; `APLE` is the ticker.
        """
        place = self._tickers.exact(as_ticker(query))
        if place is None:
            return {}
        meant = self._names.one_letter_longer(query) if _may_be_a_name(query) else None
        if meant is None or meant * _GIANT > place:
            return {place: _BEST}
        return {meant: _BEST, place: _BEST}

    def _match(self, place: int, points: float) -> Match:
        ticker, name, exchange, _ = self._entries[place]
        return Match(ticker, name, exchange, Decimal(f"{points:.1f}"))


def _may_be_a_name(query: str) -> bool:
    return query.islower() and len(query) >= _SHORTEST_NAME


def _by_size(entry: Entry) -> tuple[bool, int, str]:
    return (entry.rank is None, entry.rank or 0, entry.ticker)


def _add(points: dict[int, float], clues: Clues) -> None:
    for place, clue in clues:
        worth = clue - _PER_TENFOLD_SIZE * log10(place + 1)
        if worth > points.get(place, 0):
            points[place] = worth
