"""Spans of days that are covered by data."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, TypeAlias

__all__ = ["Coverage", "Days", "covering_span", "join_spans"]

Days: TypeAlias = tuple[date, date]
"""A first and a last day, both included."""

Coverage: TypeAlias = tuple[Days, ...]
"""Spans of days, oldest first, with days between them that are not covered."""

_DAY: Final = timedelta(days=1)


def join_spans(spans: Iterable[Days]) -> Coverage:
    """Return spans as few as possible: those that overlap or adjoin become one."""
    joined: list[Days] = []
    for first, last in sorted(spans):
        if joined and first - _DAY <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return tuple(joined)


def covering_span(coverage: Coverage, first: date, last: date) -> Days | None:
    """Return the span that covers all days from `first` to `last`; `None` if there is none."""
    return next((span for span in coverage if span[0] <= first <= last <= span[1]), None)
