"""Looks words up: what a word or phrase of financial news weighs, alone and beside others."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from . import words

__all__ = ["LEXICON", "LONGEST", "Entry", "Role"]


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
