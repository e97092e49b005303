"""Companies by the words of their names, in any order, whole, begun or mistyped."""

from collections import defaultdict
from collections.abc import Sequence
from math import log
from typing import Final, NamedTuple

from .clue import Clues
from .spelling import Spellings

__all__ = ["WordIndex"]

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
