"""Scores headlines by the words of financial news: no model, no network, always the same result."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from . import words


class Role(StrEnum):
    """What a word does to the words near by."""

    BURDEN = "burden"
    EXPECTATION = "expectation"
    NEGATION = "negation"
    DEGREE = "degree"


class Entry(NamedTuple):
    """A word or phrase: its weight alone, and its weight if a word of role `partner` is near by.

    The weight of a degree is a factor for the word beside it.
    """

    weight: float
    role: Role | None = None
    partner: Role | None = None
    weight_with_partner: float = 0.0


_SURPRISE: Final = 2.0
_RELIEF: Final = 1.5
_APOSTROPHE: Final = "\N{RIGHT SINGLE QUOTATION MARK}"
_CLAUSE_ENDS: Final = re.compile(r"[.;:!?](?=\s|$)|\n|\b(?:but|although|however)\b")
_WORDS: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d[\d.,]*")
_ARTICLES: Final = frozenset({"a", "an", "its", "the"})
_REACH: Final = {Role.BURDEN: 4, Role.EXPECTATION: 8, Role.NEGATION: 3, Role.DEGREE: 1}
"""How many words away a word still has its effect."""

_NEGATED: Final = -0.8
"""What "not" makes of the word after it: `not strong` is bad, if less so than `weak`."""

_SOFTNESS: Final = 4.0
"""The sum of weights that makes a score of 0.5."""


def _phrases(listed: str) -> Iterator[str]:
    for phrase in listed.split(";"):
        text = " ".join(phrase.split())
        yield from _forms(text[:-1]) if text.endswith("+") else (text,)


def _forms(verb: str) -> Sequence[str]:
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
            move = Entry(weight, partner=Role.BURDEN, weight_with_partner=-weight or relief)
            yield from ((word, move) for word in _phrases(listed))
    for listed, surprise in ((words.ABOVE, _SURPRISE), (words.BELOW, -_SURPRISE)):
        for word in _phrases(listed):
            yield word, Entry(tones.get(word, 0.0), None, Role.EXPECTATION, surprise)
    yield from ((word, Entry(0.0, Role.EXPECTATION)) for word in _phrases(words.EXPECTED))
    yield from ((word, Entry(0.0, Role.NEGATION)) for word in _phrases(words.NEGATIONS))
    for factor, listed in words.DEGREES.items():
        yield from ((word, Entry(factor, Role.DEGREE)) for word in _phrases(listed))


LEXICON: Final = dict(_entries())
"""Every word and phrase, in lower case, hyphens as spaces; `#` stands for any number."""

_LONGEST_PHRASE: Final = max(phrase.count(" ") + 1 for phrase in LEXICON)


class _Match(NamedTuple):
    """An entry of the lexicon, and the words of a clause that it stands for."""

    start: int
    stop: int
    entry: Entry

    def distance_to(self, other: "_Match") -> int:
        return 1 + max(self.start - other.stop, other.start - self.stop)

    def reaches(self, other: "_Match") -> bool:
        return self.entry.role is not None and self.distance_to(other) <= _REACH[self.entry.role]


class LexiconScorer:
    """A `SentimentScorer` that adds up the weights of known words and phrases."""

    name = "lexicon"
    most_at_once = None

    def score(self, text: str) -> float:
        """Return the tone of `text`, from -1 (bearish) to 1 (bullish); 0 without known words."""
        total = sum(map(_tone, _CLAUSE_ENDS.split(text.lower().replace(_APOSTROPHE, "'"))))
        return round(total / (abs(total) + _SOFTNESS), 6)


def _tone(clause: str) -> float:
    plain = [_plain(word) for word in _WORDS.findall(clause) if word not in _ARTICLES]
    matches = list(_matches(plain))
    weights = {
        match: match.entry.weight for match in matches if match.entry.role in {None, Role.BURDEN}
    }
    for match in matches:
        partner = _partner(match, matches)
        if partner is not None:
            weights[match] = match.entry.weight_with_partner
            weights[partner] = 0.0
    return sum(weight * _factor(match, matches) for match, weight in weights.items() if weight)


def _plain(word: str) -> str:
    if word[0].isdigit():
        return "#"
    return "not" if word.endswith("n't") else word


def _matches(clause: Sequence[str]) -> Iterator[_Match]:
    """Yield the known phrases of a clause, the longest where several begin with the same word."""
    start = 0
    while start < len(clause):
        stop = start + 1
        for end in range(min(start + _LONGEST_PHRASE, len(clause)), start, -1):
            entry = LEXICON.get(" ".join(clause[start:end]))
            if entry is not None:
                yield _Match(start, end, entry)
                stop = end
                break
        start = stop


def _partner(match: _Match, matches: Sequence[_Match]) -> _Match | None:
    role = match.entry.partner
    near = (other for other in matches if role and other.entry.role is role)
    reaching = (other for other in near if other.reaches(match))
    return min(reaching, key=match.distance_to, default=None)


def _factor(match: _Match, matches: Sequence[_Match]) -> float:
    """Return what the words near by make of a weight; negations count before a word only."""
    factor = 1.0
    for other in matches:
        if other.entry.role is Role.NEGATION and other.start < match.start and other.reaches(match):
            factor *= _NEGATED
        elif other.entry.role is Role.DEGREE and other.reaches(match):
            factor *= other.entry.weight
    return factor
