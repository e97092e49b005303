"""Judges headlines by the words of financial news: no model, no network, the same answer always."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from .lexicon import LEXICON, LONGEST, Entry, Role

__all__ = ["LexiconScorer"]

_APOSTROPHE: Final = "\N{RIGHT SINGLE QUOTATION MARK}"
_CLAUSE_ENDS: Final = re.compile(r"[.;:!?](?=\s|$)|\n|\b(?:but|although|however)\b")
_WORDS: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d[\d.,]*")
_SKIPPED: Final = frozenset({"a", "an", "its", "the"})
_REACH: Final = {Role.BURDEN: 4, Role.EXPECTATION: 8, Role.NEGATION: 3, Role.DEGREE: 1}
"""How many words away a word still has its effect."""

_NEGATED: Final = -0.8
_SOFTNESS: Final = 4.0
"""The sum of weights that makes a score of 0.5."""


class _Hit(NamedTuple):
    start: int
    stop: int
    entry: Entry


class LexiconScorer:
    """A `SentimentScorer` that adds up the weights of known words and phrases."""

    name = "lexicon"

    def score(self, text: str) -> float:
        """Return the tone of `text`, from -1 (bearish) to 1 (bullish); 0 where it says nothing."""
        total = sum(map(_tone, _CLAUSE_ENDS.split(text.lower().replace(_APOSTROPHE, "'"))))
        return round(total / (abs(total) + _SOFTNESS), 6)


def _tone(clause: str) -> float:
    hits = list(_hits([_plain(word) for word in _WORDS.findall(clause) if word not in _SKIPPED]))
    weights = {hit: hit.entry.weight for hit in hits if hit.entry.role in {None, Role.BURDEN}}
    for hit in hits:
        partner = _partner(hit, hits)
        if partner is not None:
            weights[hit] = hit.entry.paired
            weights[partner] = 0.0
    return sum(weight * _factor(hit, hits) for hit, weight in weights.items() if weight)


def _plain(word: str) -> str:
    if word[0].isdigit():
        return "#"
    return "not" if word.endswith("n't") else word


def _hits(words: list[str]) -> Iterator[_Hit]:
    at = 0
    while at < len(words):
        for stop in range(min(at + LONGEST, len(words)), at, -1):
            entry = LEXICON.get(" ".join(words[at:stop]))
            if entry is not None:
                yield _Hit(at, stop, entry)
                break
        else:
            stop = at + 1
        at = stop


def _partner(hit: _Hit, hits: list[_Hit]) -> _Hit | None:
    wanted = hit.entry.partner
    if wanted is None:
        return None
    near = [other for other in hits if other.entry.role is wanted and _reaches(other, hit)]
    return min(near, key=lambda other: _distance(other, hit), default=None)


def _factor(hit: _Hit, hits: list[_Hit]) -> float:
    factor = 1.0
    for other in hits:
        if other.entry.role is Role.NEGATION and other.start < hit.start and _reaches(other, hit):
            factor *= _NEGATED
        elif other.entry.role is Role.DEGREE and _reaches(other, hit):
            factor *= other.entry.weight
    return factor


def _reaches(other: _Hit, hit: _Hit) -> bool:
    return other.entry.role is not None and _distance(other, hit) <= _REACH[other.entry.role]


def _distance(one: _Hit, other: _Hit) -> int:
    return 1 + max(one.start - other.stop, other.start - one.stop)
