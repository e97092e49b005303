"""Splits and dividends come back in order, with the days of which none is missing."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.repositories.prices import ActionRepository
from tests.core.conftest import opened

from ..strategies import actions


@settings(deadline=None, max_examples=30)
@given(st.lists(actions("AAPL"), max_size=8))
def test_actions_come_back_in_order_and_are_written_once(some: list[CorporateAction]) -> None:
    wanted = {(action.ex_date, action.kind): action for action in some}
    with opened() as store:
        repository = ActionRepository(store)

        assert repository.sync(some) == len(wanted)
        assert repository.sync(some) == 0
        assert repository.since("AAPL") == [wanted[key] for key in sorted(wanted)]
        late = repository.since("AAPL", date(2030, 1, 1))
        assert late == [wanted[key] for key in sorted(wanted) if key[0] >= date(2030, 1, 1)]
        assert repository.since("MSFT") == []


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), min_size=1, max_size=6))
def test_coverage_is_the_days_that_were_noted_and_no_others(noted: list[tuple[int, int]]) -> None:
    start = date(2023, 12, 1)
    covered = {day for first, length in noted for day in range(first, first + length + 1)}
    with opened() as store:
        repository = ActionRepository(store)
        assert repository.known("AAPL") == ([], ())

        for first, length in noted:
            days = start + timedelta(days=first), start + timedelta(days=first + length)
            repository.note_coverage("AAPL", days)
        writes = store.writes
        actions, coverage = repository.known("AAPL", date.max)
        repository.note_coverage("AAPL", *coverage)

    assert store.writes == writes
    assert actions == []
    found = [((first - start).days, (last - start).days) for first, last in coverage]
    assert {day for first, last in found for day in range(first, last + 1)} == covered
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(found))
