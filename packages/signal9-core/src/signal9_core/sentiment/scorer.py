"""Judges headlines by the words of financial news: no model, no network, the same answer always."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from . import words

__all__ = ["LEXICON", "LONGEST", "Entry", "LexiconScorer", "Role"]


class Role(StrEnum):
    """What a word does to its neighbours."""

    BURDEN = "burden"
    EXPECTATION = "expectation"
    NEGATION = "negation"
    DEGREE = "degree"


class Entry(NamedTuple):
    """A word or phrase: its weight alone, and its weight together with a `partner` near by.

    The weight of a degree is a factor on the tone beside it.
    """

    weight: float
    role: Role | None = None
    partner: Role | None = None
    paired: float = 0.0


_SURPRISE: Final = 2.0
_RELIEF: Final = 1.5


def _phrases(listed: str) -> Iterator[str]:
    for phrase in listed.split(";"):
        words_only = " ".join(phrase.split())
        yield from _forms(words_only[:-1]) if words_only.endswith("+") else (words_only,)


def _forms(verb: str) -> tuple[str, ...]:
    if verb[-1] == "y" and verb[-2] not in "aeiou":
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    stem = verb.removesuffix("e")
    ending = "es" if verb.endswith(("s", "sh", "ch", "x")) else "s"
    return verb, f"{verb}{ending}", f"{stem}ed", f"{stem}ing"


def _entries() -> Iterator[tuple[str, Entry]]:
    tones = {word: weight for weight, listed in words.TONES.items() for word in _phrases(listed)}
    yield from ((word, Entry(weight)) for word, weight in tones.items())
    for weight, listed in words.BURDENS.items():
        yield from ((word, Entry(weight, Role.BURDEN)) for word in _phrases(listed))
    for moves, relief in ((words.RISING, -_RELIEF), (words.FALLING, _RELIEF)):
        for weight, listed in moves.items():
            move = Entry(weight, partner=Role.BURDEN, paired=-weight or relief)
            yield from ((word, move) for word in _phrases(listed))
    for listed, surprise in ((words.ABOVE, _SURPRISE), (words.BELOW, -_SURPRISE)):
        for word in _phrases(listed):
            yield word, Entry(tones.get(word, 0.0), partner=Role.EXPECTATION, paired=surprise)
    yield from ((word, Entry(0.0, Role.EXPECTATION)) for word in _phrases(words.EXPECTED))
    yield from ((word, Entry(0.0, Role.NEGATION)) for word in _phrases(words.NEGATIONS))
    for factor, listed in words.DEGREES.items():
        yield from ((word, Entry(factor, Role.DEGREE)) for word in _phrases(listed))


LEXICON: Final = dict(_entries())
"""Every word and phrase, in lower case, hyphens as spaces; `#` stands for any number."""

LONGEST: Final = max(phrase.count(" ") + 1 for phrase in LEXICON)
"""How many words the longest phrase has."""


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
