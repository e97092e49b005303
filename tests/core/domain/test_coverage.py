from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.coverage import (
    Received,
    covering_span,
    join_spans,
    moments_of,
    take_newest,
)

START = date(2024, 1, 1)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)

VINTAGES = st.permutations(range(5)).flatmap(
    lambda hours: st.tuples(
        *(st.tuples(st.just(hour), st.sets(st.integers(0, 12), max_size=9)) for hour in hours)
    )
)


def moment(hour: int) -> datetime:
    return datetime(2024, 6, 1, hour, tzinfo=UTC)


@settings(deadline=None)
@given(VINTAGES)
def test_the_newest_of_each_fact_counts_in_any_order_of_arrival(
    vintages: Sequence[tuple[int, set[int]]],
) -> None:
    stored: dict[int, int] = {}
    timeline: tuple[Received, ...] = ()
    for hour, offsets in vintages:
        days = {START.toordinal() + offset: moment(hour) for offset in offsets}
        # Only what is stored between the first and the last day of a response is looked at.
        among = [day for day in stored if days and min(days) <= day <= max(days)]
        taken, timeline = take_newest(days, among, timeline)
        stored |= dict.fromkeys(taken, hour)

    newest = {
        START.toordinal() + offset: hour
        for hour, offsets in sorted(vintages, key=lambda vintage: vintage[0])
        for offset in offsets
    }
    assert stored == newest
    came = moments_of(timeline, NEVER)
    assert all(came(day) == moment(hour) for day, hour in newest.items())
    assert all(one.last < other.first for one, other in pairwise(timeline))


def test_a_timeline_stays_short_and_forgets_when_the_oldest_facts_came() -> None:
    timeline: tuple[Received, ...] = ()
    for day in range(40):
        at = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(days=day)
        ordinals = range(START.toordinal() + day, START.toordinal() + day + 5)
        _, timeline = take_newest(dict.fromkeys(ordinals, at), ordinals[:-1], timeline)

    assert len(timeline) == 12
    assert (timeline[0].first, timeline[-1].last) == (START, START + timedelta(days=43))
    assert [part.at for part in timeline] == sorted(part.at for part in timeline)


def test_spans_are_joined_where_no_day_is_between_them() -> None:
    days = [START + timedelta(days=number) for number in range(10)]

    spans = join_spans([(days[6], days[7]), (days[0], days[2]), (days[3], days[4])])

    assert spans == ((days[0], days[4]), (days[6], days[7]))
    assert covering_span(spans, days[1], days[4]) == spans[0]
    assert covering_span(spans, days[4], days[6]) is None
    assert covering_span((), days[0], days[0]) is None
