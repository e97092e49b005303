"""Days of trading: every weekday from the first on, but for those that are missing."""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from sys import byteorder
from typing import Final

from ...domain import Column

__all__ = ["Gaps", "gaps_of", "missing_weekdays", "weekdays"]

_WORKING: Final = 5
_WEEK: Final = 7

Gaps = Sequence[int]


def missing_weekdays(days: Sequence[int]) -> list[int] | None:
    """Return how many weekdays pass from one that is missing to the next.

    `None` where a day is on a weekend or occurs twice, or where too many are missing.
    """
    weekdays_since = [_weekday_number(day) for day in days]
    steps = [later - earlier for earlier, later in pairwise(weekdays_since)]
    on_weekend = any((day - 1) % _WEEK >= _WORKING for day in days)
    if on_weekend or any(step < 1 for step in steps) or sum(steps) > 2 * len(steps):
        return None
    first = weekdays_since[0]
    places = [
        earlier - first + 1 + skipped
        for (earlier, later) in pairwise(weekdays_since)
        for skipped in range(later - earlier - 1)
    ]
    return [later - earlier for earlier, later in pairwise((0, *places))]


def weekdays(first: int, count: int, missing: Sequence[int]) -> Column:
    """Return `count` weekdays from an ordinal on, without the missing ones."""
    places = list(accumulate(missing))
    total = count + len(places)
    lead = (first - 1) % _WEEK
    weeks = (lead + total + _WORKING - 1) // _WORKING
    pattern, ones = _pattern(weeks)
    days = array("i", (pattern + ones * (first - lead)).to_bytes(4 * _WORKING * weeks, byteorder))
    if byteorder == "big":
        days.reverse()
    days = days[lead : lead + total]
    for place in reversed(places):
        del days[place]
    return days


@lru_cache(maxsize=64)
def _pattern(weeks: int) -> tuple[int, int]:
    """Return the weekdays since some Monday, 32 bits each in one integer, and a one in each."""
    days = [week * _WEEK + day for week in range(weeks) for day in range(_WORKING)]
    pattern = b"".join(day.to_bytes(4, "little") for day in days)
    return int.from_bytes(pattern, "little"), int.from_bytes(b"\1\0\0\0" * len(days), "little")


def gaps_of(values: Sequence[int]) -> list[int]:
    """Return the first value as nothing, and every other as its distance to the one before."""
    return [0, *(later - earlier for earlier, later in pairwise(values))]


def _weekday_number(day: int) -> int:
    weeks, rest = divmod(day - 1, _WEEK)
    return weeks * _WORKING + rest
