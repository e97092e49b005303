"""Splits and dividends come back in order, with the days of which none is missing."""

from datetime import date
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import CorporateAction
from signal9_core.repositories.actions import ActionRepository
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


@settings(deadline=None, max_examples=20)
@given(st.lists(st.dates(), min_size=2, max_size=4))
def test_coverage_widens_and_is_written_once(days: list[date]) -> None:
    with opened() as store:
        repository = ActionRepository(store)
        assert repository.known("AAPL") == ([], None)

        for first, last in pairwise(days):
            repository.note_coverage("AAPL", min(first, last), max(first, last))
        writes = store.writes
        repository.note_coverage("AAPL", min(days), max(days))

        assert store.writes == writes
        assert repository.known("AAPL", date.max) == ([], (min(days), max(days)))
