"""What the indexes say of a query: which companies it may mean, and how likely each is.

| clue | points |
|---|---|
| the exact ticker | 100 |
| the exact name | 97 |
| the beginning of the name, the more of it typed; whole words | 83 to 91; 88 to 96 |
| the beginning of the ticker, the more of it typed | 86 to 92 |
| words of the name in any order, whole, begun or mistyped | 60 to 85 |
| the whole name or ticker, mistyped | 60 to 85 |

Size counts against all but the exact ticker: a company ten times further down the listing has
2 points less. So what is meant by `micro` is Microsoft rather than the smallest Micro of all.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from heapq import nsmallest
from itertools import accumulate
from math import log, log10
from typing import Final, NamedTuple

__all__ = [
    "Clues",
    "Entry",
    "Match",
    "NameIndex",
    "SearchIndex",
    "Spellings",
    "TickerIndex",
    "WordIndex",
    "as_ticker",
    "core",
    "words",
]

Clues = Iterator[tuple[int, float]]
"""Places in the listing, each with its points; of several for one place the best counts."""


_JURISDICTION: Final = re.compile(r"\s*/\s*[A-Za-z]{2,4}\s*/?\s*$")
"""What the SEC appends to a name: `/DE/`, `/NEW`, `/ADR`, `/ MA`."""

_APOSTROPHES: Final = str.maketrans("", "", "'`\N{RIGHT SINGLE QUOTATION MARK}")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_SILENT: Final = frozenset({"and", "the"})
_SUFFIXES: Final = frozenset(
    {"ab", "ads", "adr", "ag", "as", "asa", "bv", "co", "com", "companies", "company", "corp"}
    | {"corporation", "cv", "de", "gmbh", "group", "holding", "holdings", "inc", "incorporated"}
    | {"kgaa", "limited", "llc", "lp", "ltd", "nv", "plc", "public", "sa", "sab", "se", "spa"}
)


def words(text: str) -> list[str]:
    """Split into plain words: lower case, no accents, initials in one (`J. B. Hunt`: `jb hunt`)."""
    decomposed = unicodedata.normalize("NFKD", _JURISDICTION.sub("", text).casefold())
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    found = _BETWEEN_WORDS.sub(" ", letters.translate(_APOSTROPHES)).split()
    return _with_joined_initials([word for word in found if word not in _SILENT] or found)


def core(found: list[str]) -> list[str]:
    """Drop the endings that tell no companies apart (`inc`, `holdings plc`), but never all."""
    end = len(found)
    while end > 1 and found[end - 1] in _SUFFIXES:
        end -= 1
    return found[:end]


def _with_joined_initials(found: list[str]) -> list[str]:
    joined: list[str] = []
    initials = ""
    for word in found:
        if len(word) == 1:
            initials += word
            continue
        joined += [initials, word] if initials else [word]
        initials = ""
    return [*joined, initials] if initials else joined


class Spellings:
    """Strings in alphabetical order, and in the order of their lengths."""

    def __init__(self, strings: Iterable[str]) -> None:
        self._ordered = sorted(strings)
        self._by_length = sorted(self._ordered, key=len)
        self._lengths = [len(string) for string in self._by_length]

    def starting_with(self, prefix: str) -> Iterator[str]:
        """Yield those that begin with `prefix`, in alphabetical order."""
        for place in range(bisect_left(self._ordered, prefix), len(self._ordered)):
            if not self._ordered[place].startswith(prefix):
                return
            yield self._ordered[place]

    def near(self, typed: str, slips: int) -> Iterator[tuple[str, int]]:
        """Yield those that at most so many slips make of `typed`, with how many it takes.

        A slip is a letter left out, added or wrong, or two neighbours swapped.
        """
        # Loading it takes 30 ms, which whoever never searches should not pay.
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        first = bisect_left(self._lengths, len(typed) - slips)
        last = bisect_left(self._lengths, len(typed) + slips + 1)
        of_like_length = self._by_length[first:last]
        found = extract(typed, of_like_length, scorer=OSA.distance, score_cutoff=slips, limit=None)
        return ((string, int(distance)) for string, distance, _ in found)


_SHORTEST_BEGINNING: Final = 2
_SLIPS_BY_LENGTH: Final = (0, 0, 0, 1, 1, 2, 2, 2, 2, 3)
_OTHER_FIRST_LETTER: Final = 0.08
_WEIGHT_OF_UNKNOWN: Final = 6.0


class _Meaning(NamedTuple):
    """A word that a typed one may stand for; closeness 1 is the same word."""

    closeness: float
    word: str


class WordIndex:
    """The places of companies by word. A word weighs the more, the fewer names contain it."""

    def __init__(self, names: Sequence[Sequence[str]]) -> None:
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            for word in set(name):
                self._places.setdefault(word, []).append(place)
        self._weights = {
            word: log(1 + len(names) / len(places)) for word, places in self._places.items()
        }
        self._totals = [sum(self._weights[word] for word in name) for name in names]
        self._spellings = Spellings(self._places)

    def containing(self, typed: Sequence[str]) -> Clues:
        """Yield the companies whose names have words like these.

        It counts how much of the query is in the name and, less, how much of the name is in it.
        """
        asked, heard, said = 0.0, defaultdict[int, float](float), defaultdict[int, float](float)
        for word in typed:
            meanings = self._meanings(word)
            weight = self._weights[meanings[-1].word] if meanings else _WEIGHT_OF_UNKNOWN
            asked += weight
            for place, meaning in self._closest_by_place(meanings).items():
                heard[place] += weight * meaning.closeness
                said[place] += self._weights[meaning.word]
        for place, understood in heard.items():
            share_of_name = min(1, said[place] / self._totals[place])
            yield place, 60 + 25 * understood / asked * (0.85 + 0.15 * share_of_name)

    def _closest_by_place(self, meanings: Sequence[_Meaning]) -> dict[int, _Meaning]:
        closest: dict[int, _Meaning] = {}
        for meaning in meanings:
            closest.update(dict.fromkeys(self._places[meaning.word], meaning))
        return closest

    def _meanings(self, typed: str) -> list[_Meaning]:
        """Return what a word may stand for, closest last."""
        meanings = [
            _Meaning(_likeness(typed, word, slips), word)
            for word, slips in self._spellings.near(typed, _slips_in(typed))
        ]
        if len(typed) >= _SHORTEST_BEGINNING:
            meanings += [
                _Meaning(0.7 + 0.3 * len(typed) / len(word), word)
                for word in self._spellings.starting_with(typed)
            ]
        return sorted(meanings)


def _slips_in(typed: str) -> int:
    return _SLIPS_BY_LENGTH[min(len(typed), len(_SLIPS_BY_LENGTH) - 1)]


def _likeness(typed: str, word: str, slips: int) -> float:
    likeness = 1 - slips / max(len(typed), len(word))
    return likeness if typed[0] == word[0] else likeness - _OTHER_FIRST_LETTER


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


_LETTERS_PER_SLIP: Final = 5
_MOST_SLIPS: Final = 4


class NameIndex:
    """The places of companies by their names without spaces and endings."""

    def __init__(self, names: Sequence[Sequence[str]]) -> None:
        self._names = names
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            if name:
                self._places.setdefault("".join(name), []).append(place)
        self._spellings = Spellings(self._places)

    def beginning(self, name: str) -> Clues:
        """Yield the companies whose names begin like this: the more of it typed, the better.

        Whole words count more, so that `zoom` is Zoom Communications rather than Zoomcar.
        """
        for whole in self._spellings.starting_with(name):
            for place in self._places[whole]:
                yield place, self._points(place, len(name) / len(whole), len(name))

    def mistyped(self, name: str) -> Clues:
        """Yield the companies whose whole names are a few slips away."""
        slips = min(len(name) // _LETTERS_PER_SLIP, _MOST_SLIPS)
        for whole, distance in self._spellings.near(name, slips):
            for place in self._places[whole]:
                yield place, 87 - 80 * distance / len(whole)

    def one_letter_longer(self, typed: str) -> int | None:
        """Return the largest company whose whole name has one more letter, inside the word."""
        meant = (
            self._places[whole][0]
            for whole, _ in self._spellings.near(typed, 1)
            if len(whole) > len(typed) and (whole[0], whole[-1]) == (typed[0], typed[-1])
        )
        return min(meant, default=None)

    def _points(self, place: int, share: float, letters: int) -> float:
        if share == 1:
            return 97
        whole_words = letters in accumulate(map(len, self._names[place]))
        return (88 if whole_words else 83) + 8 * share


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
