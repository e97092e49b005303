"""Companies by whole name, written as one word: `jp morgan` finds JPMorgan, `jetblue` Jet Blue."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from .clue import Clues
from .spelling import Spellings

__all__ = ["NameIndex"]

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
