"""A set of strings that is searched by beginning and by likeness."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

__all__ = ["Spellings"]


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
