"""Finds companies by ticker or name, however they are typed.

| what matches | points |
|---|---|
| the exact ticker | 100 |
| the exact name | 97 |
| the exact ticker of before | 95 |
| the first words of the name, the more of it typed the better | 88 to 96 |
| the beginning of the name, within a word | 83 to 91 |
| the beginning of the ticker, the more of it typed the better | 86 to 92 |
| words of the name in any order, whole, begun or mistyped | 60 to 85 |
| the whole name or ticker, mistyped | 60 to 85 |

Size counts for all but the exact ticker: a company ten times further down the listing has 2 points
less. So `micro` finds Microsoft rather than the smallest company called Micro.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from decimal import Decimal
from heapq import nsmallest
from math import log, log10
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .domain.companies import ListedAsset

_LONGEST_QUERY: Final = 80
_MOST_WORDS: Final = 8
_EXACT_TICKER: Final = 100.0
_EXACT_NAME: Final = 97.0
_FORMER_TICKER: Final = 95.0
_GOOD: Final = 80.0
"""With a match of so many points, nobody is taken to have mistyped the whole name or ticker."""

_PER_TENFOLD_SIZE: Final = 2.0
_MISTYPED_TICKERS: Final = range(3, 7)
_TYPOS_BY_LENGTH: Final = (0, 0, 0, 1, 1, 2, 2, 2, 2, 3)
_OTHER_FIRST_LETTER: Final = 0.08
_WEIGHT_OF_UNKNOWN: Final = 6.0
_SHORTEST_BEGINNING: Final = 2
_SHORTEST_NAME: Final = 4
_GIANT: Final = 100

_JURISDICTION: Final = re.compile(r"\s*/\s*[A-Za-z]{2,4}\s*/?\s*$")
"""What the SEC appends to a name: `/DE/`, `/NEW`, `/ADR`, `/ MA`."""

_APOSTROPHES: Final = str.maketrans("", "", "'`\N{RIGHT SINGLE QUOTATION MARK}")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_INITIALS: Final = re.compile(r"(?<!\S)\S(?: \S)+(?!\S)")
_SEPARATORS: Final = re.compile(r"[\s./_-]+")
_IGNORED: Final = frozenset({"and", "the"})
_SUFFIXES: Final = frozenset(
    {"ab", "ads", "adr", "ag", "as", "asa", "bv", "co", "com", "companies", "company", "corp"}
    | {"corporation", "cv", "de", "gmbh", "group", "holding", "holdings", "inc", "incorporated"}
    | {"kgaa", "limited", "llc", "lp", "ltd", "nv", "plc", "public", "sa", "sab", "se", "spa"}
)


def words(text: str) -> list[str]:
    """Split into plain words: lower case, no accents, initials in one (`J. B. Hunt`: `jb hunt`)."""
    decomposed = unicodedata.normalize("NFKD", _JURISDICTION.sub("", text).casefold())
    letters = decomposed if decomposed.isascii() else _without_accents(decomposed)
    split = _BETWEEN_WORDS.sub(" ", letters.translate(_APOSTROPHES)).split()
    telling = [word for word in split if word not in _IGNORED] or split
    return _INITIALS.sub(lambda match: match[0].replace(" ", ""), " ".join(telling)).split()


def _without_accents(decomposed: str) -> str:
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def core(name: Sequence[str]) -> list[str]:
    """Drop the endings that tell no companies apart (`inc`, `holdings plc`), but never all."""
    end = len(name)
    while end > 1 and name[end - 1] in _SUFFIXES:
        end -= 1
    return list(name[:end])


def as_ticker(typed: str) -> str:
    """Spell what was typed as a ticker would be: `brk-b` and `brk b` are `BRK.B`."""
    return _SEPARATORS.sub(".", typed.strip().lstrip("$").upper())


class Match(NamedTuple):
    """A company that a query found; `score` goes up to 100, an exact ticker."""

    ticker: str
    name: str | None
    exchange: str | None
    score: Decimal


class _Texts:
    """Texts and the companies that have them, to look up by beginning or by likeness."""

    def __init__(self, pairs: Iterable[tuple[str, int]]) -> None:
        companies: defaultdict[str, list[int]] = defaultdict(list)
        for text, company in pairs:
            companies[text].append(company)
        self.companies: dict[str, list[int]] = companies
        self._ordered = sorted(companies)

    def starting_with(self, prefix: str) -> Iterator[str]:
        for number in range(bisect_left(self._ordered, prefix), len(self._ordered)):
            if not self._ordered[number].startswith(prefix):
                return
            yield self._ordered[number]

    def like(self, typed: str, typos: int) -> Iterator[tuple[str, int]]:
        """Yield texts that differ in at most so many typos, and in how many.

        A typo is a letter left out, added or wrong, or two neighbours swapped.
        """
        # Loading it takes 30 ms, which a process that never searches should not pay.
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        matches = extract(typed, self._ordered, scorer=OSA.distance, score_cutoff=typos, limit=None)
        return ((text, int(distance)) for text, distance, _ in matches)


class SearchIndex:
    """The companies of a listing; the same query always finds the same ones."""

    def __init__(self, entries: Iterable[ListedAsset]) -> None:
        self._entries = sorted(
            entries, key=lambda entry: (entry.rank is None, entry.rank or 0, entry.ticker)
        )
        self._names = [core(words(entry.name or "")) for entry in self._entries]
        numbered = list(enumerate(self._names))
        self._tickers = _Texts((entry.ticker, at) for at, entry in enumerate(self._entries))
        self._former_tickers = _Texts(
            (ticker, at)
            for at, entry in enumerate(self._entries)
            for ticker in entry.former_tickers
        )
        self._joined_names = _Texts(("".join(name), at) for at, name in numbered if name)
        self._words = _Texts((word, at) for at, name in numbered for word in dict.fromkeys(name))
        self._weights = {
            word: log(1 + len(numbered) / len(companies))
            for word, companies in self._words.companies.items()
        }
        self._without_dots = {
            entry.ticker.replace(".", ""): entry.ticker
            for entry in self._entries
            if "." in entry.ticker
        }

    def search(self, query: str, limit: int = 10) -> list[Match]:
        """Return what the query may mean, best first; nothing if it has no letter or digit."""
        query = query[:_LONGEST_QUERY]
        typed = core(words(query)[:_MOST_WORDS])
        points = self._points(typed, as_ticker(query)) if typed else {}
        points |= self._exact(query)
        best = nsmallest(limit, points, key=lambda company: (-points[company], company))
        return [self._match(company, points[company]) for company in best]

    def nearest(self, ticker: str, limit: int = 3) -> list[str]:
        """Return the tickers that may have been meant by one that is not listed."""
        matches = self.search(ticker, limit + 1)
        return [match.ticker for match in matches if match.ticker != as_ticker(ticker)][:limit]

    def _points(self, typed: Sequence[str], ticker: str) -> dict[int, float]:
        points: dict[int, float] = {}
        name = "".join(typed)
        _add(points, self._by_beginning_of_ticker(ticker))
        former = self._former_tickers.companies.get(ticker, ())
        _add(points, ((company, _FORMER_TICKER) for company in former))
        _add(points, self._by_beginning_of_name(name))
        _add(points, self._by_words(typed))
        if max(points.values(), default=0) < _GOOD:
            if len(ticker) in _MISTYPED_TICKERS:
                _add(points, self._by_likeness(self._tickers, ticker, 1, 85, 25))
            typos = min(len(name) // 5, 4)
            _add(points, self._by_likeness(self._joined_names, name, typos, 87, 80))
        return points

    def _by_beginning_of_ticker(self, typed: str) -> Iterator[tuple[int, float]]:
        for ticker in self._tickers.starting_with(typed):
            yield self._tickers.companies[ticker][0], 86 + 6 * len(typed) / len(ticker)

    def _by_beginning_of_name(self, typed: str) -> Iterator[tuple[int, float]]:
        for joined in self._joined_names.starting_with(typed):
            share = len(typed) / len(joined)
            for company in self._joined_names.companies[joined]:
                if share == 1:
                    yield company, _EXACT_NAME
                else:
                    whole_words = _ends_with_a_word(self._names[company], len(typed))
                    yield company, (88 if whole_words else 83) + 8 * share

    def _by_likeness(
        self, texts: _Texts, typed: str, typos: int, most: float, per_typo: float
    ) -> Iterator[tuple[int, float]]:
        for text, distance in texts.like(typed, typos):
            for company in texts.companies[text]:
                yield company, most - per_typo * distance / len(text)

    def _by_words(self, typed: Sequence[str]) -> Iterator[tuple[int, float]]:
        """Yield companies by how much of the query is in the name and, less, the other way round.

        A word weighs the more, the fewer names contain it.
        """
        total, matched = 0.0, defaultdict[int, float](float)
        covered: defaultdict[int, float] = defaultdict(float)
        for word in typed:
            meanings = self._meanings(word)
            weight = self._weights[meanings[-1][1]] if meanings else _WEIGHT_OF_UNKNOWN
            total += weight
            closest = {
                company: meaning for meaning in meanings for company in self._companies(meaning)
            }
            for company, (closeness, meant) in closest.items():
                matched[company] += weight * closeness
                covered[company] += self._weights[meant]
        for company, weight in matched.items():
            whole = sum(self._weights[word] for word in self._names[company])
            share_of_name = min(1, covered[company] / whole)
            yield company, 60 + 25 * weight / total * (0.85 + 0.15 * share_of_name)

    def _companies(self, meaning: tuple[float, str]) -> Sequence[int]:
        return self._words.companies[meaning[1]]

    def _meanings(self, typed: str) -> list[tuple[float, str]]:
        """Return the words that one may stand for with their closeness, the closest last."""
        typos = _TYPOS_BY_LENGTH[min(len(typed), len(_TYPOS_BY_LENGTH) - 1)]
        meanings = [
            (_closeness(typed, word, distance), word)
            for word, distance in self._words.like(typed, typos)
        ]
        if len(typed) >= _SHORTEST_BEGINNING:
            meanings += [
                (0.7 + 0.3 * len(typed) / len(word), word)
                for word in self._words.starting_with(typed)
            ]
        return sorted(meanings)

    def _exact(self, query: str) -> dict[int, float]:
        """Return the exact ticker, and before it a giant that small letters rather mean.

        `aple` is a ticker, but more often the name of a company five hundred times further up the
        listing with a letter left out; `APLE` is the ticker.
        """
        ticker = as_ticker(query)
        if ticker not in self._tickers.companies:
            ticker = self._without_dots.get(ticker, "")
        points = dict.fromkeys(self._tickers.companies.get(ticker, ()), _EXACT_TICKER)
        if points and query.islower() and len(query) >= _SHORTEST_NAME:
            giant = min(self._with_one_letter_more(query), default=None)
            if giant is not None and giant * _GIANT <= min(points):
                points[giant] = _EXACT_TICKER
        return points

    def _with_one_letter_more(self, typed: str) -> Iterator[int]:
        for name, _ in self._joined_names.like(typed, 1):
            if len(name) > len(typed) and (name[0], name[-1]) == (typed[0], typed[-1]):
                yield self._joined_names.companies[name][0]

    def _match(self, company: int, points: float) -> Match:
        entry = self._entries[company]
        return Match(entry.ticker, entry.name, entry.exchange, Decimal(f"{points:.1f}"))


def _closeness(typed: str, word: str, typos: int) -> float:
    closeness = 1 - typos / max(len(typed), len(word))
    return closeness if typed[0] == word[0] else closeness - _OTHER_FIRST_LETTER


def _ends_with_a_word(name: Sequence[str], letters: int) -> bool:
    length = 0
    for word in name:
        length += len(word)
        if length >= letters:
            break
    return length == letters


def _add(points: dict[int, float], found: Iterable[tuple[int, float]]) -> None:
    for company, worth in found:
        by_size = worth - _PER_TENFOLD_SIZE * log10(company + 1)
        if by_size > points.get(company, 0):
            points[company] = by_size
