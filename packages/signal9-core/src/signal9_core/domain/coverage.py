"""Days that are covered by data, and when the data of a day came."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Final, TypeAlias

from pydantic import Field

from .model import Instant, Model

Days: TypeAlias = tuple[date, date]
"""A first and a last day, both included."""

Coverage: TypeAlias = tuple[Days, ...]
"""Spans of days, oldest first, with days between them that are not covered."""

_DAY: Final = timedelta(days=1)
NEVER: Final = datetime.min.replace(tzinfo=UTC)
"""Before every moment at which something came."""

_MOST_PARTS: Final = 12
"""A timeline keeps so many parts; of the oldest ones, it says when the latest of them came."""


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


class Received(Model):
    """Days whose facts came at a moment, or were the same then."""

    first: date
    last: date
    at: Instant


class PriceHistory(Model):
    """Which prices, splits and dividends of a company came when: the newest of each fact counts."""

    spans: Coverage = Field((), description="Days of which bars came, without a hole between.")
    begins: date | None = Field(None, description="The first day, where none is before it.")
    bars: tuple[Received, ...] = ()
    splits: tuple[Received, ...] = ()
    dividends: tuple[Received, ...] = ()

    @property
    def actions(self) -> dict[str, tuple[Received, ...]]:
        """When all actions of a day came, by kind."""
        return {"split": self.splits, "dividend": self.dividends}

    @property
    def complete(self) -> bool:
        """Whether there are all bars from the first to the last."""
        return self.begins is not None and len(self.spans) == 1


def take_newest(
    days: Mapping[int, datetime], stored: Iterable[int], timeline: Sequence[Received]
) -> tuple[list[int], tuple[Received, ...]]:
    """Return the days whose facts count, oldest first, and the timeline after they are stored.

    `days` says when the facts of a day came, as of ordinals; `stored` has all days with facts among
    them. A fact counts if none is stored or if the stored one came earlier.
    """
    known = set(stored)
    moment = moments_of(timeline, NEVER)
    taken: list[int] = []
    runs: list[tuple[int, int, datetime]] = []
    is_open = False
    for day in sorted(known | days.keys()):
        at = days.get(day)
        if at is None or (day in known and at < moment(day)):
            is_open = False
            continue
        taken.append(day)
        if is_open and runs[-1][2] == at:
            runs[-1] = runs[-1][0], day, at
        else:
            runs.append((day, day, at))
        is_open = True
    return taken, _overlaid(timeline, [_received(*run) for run in runs])


def runs_of(days: Mapping[int, datetime]) -> tuple[Received, ...]:
    """Return when the facts of days, as ordinals, came."""
    return take_newest(days, (), ())[1]


def overlay(timeline: Sequence[Received], parts: Sequence[Received]) -> tuple[Received, ...]:
    """Return a timeline that has the latest moment of each day."""
    return _overlaid((), sorted([*timeline, *parts], key=attrgetter("at")))


def moments_of(timeline: Sequence[Received], default: datetime) -> Callable[[int], datetime]:
    """Return a function that tells when the facts of a day, an ordinal, came."""
    starts = [received.first.toordinal() for received in timeline]
    ends = [received.last.toordinal() for received in timeline]

    def moment(day: int) -> datetime:
        at = bisect_right(starts, day) - 1
        return timeline[at].at if at >= 0 and day <= ends[at] else default

    return moment


def _received(first: int, last: int, at: datetime) -> Received:
    return Received(first=date.fromordinal(first), last=date.fromordinal(last), at=at)


def _overlaid(timeline: Sequence[Received], runs: Sequence[Received]) -> tuple[Received, ...]:
    """Return a timeline with runs in place of what it says of their days."""
    parts = list(timeline)
    for run in runs:
        kept = [piece for part in parts for piece in _outside(part, run)]
        parts = [*kept, run]
    return tuple(_shortened(sorted(parts, key=attrgetter("first"))))


def _outside(part: Received, run: Received) -> Iterator[Received]:
    """Yield what of a part is before and after a run."""
    if part.first < run.first:
        yield part.model_copy(update={"last": min(part.last, run.first - _DAY)})
    if part.last > run.last:
        yield part.model_copy(update={"first": max(part.first, run.last + _DAY)})


def _shortened(parts: list[Received]) -> list[Received]:
    """Join neighbours that came at the same time and, where there are too many, the oldest ones."""
    while len(parts) > 1:
        gaps = [
            (one.at != other.at, max(one.at, other.at), at)
            for at, (one, other) in enumerate(pairwise(parts))
        ]
        differ, latest, at = min(gaps)
        if differ and len(parts) <= _MOST_PARTS:
            break
        first, last = parts[at].first, parts[at + 1].last
        parts[at : at + 2] = [Received(first=first, last=last, at=latest)]
    return parts
