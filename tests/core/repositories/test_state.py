"""What outlives a process: how ingests ended."""

from datetime import timedelta

from signal9_core.repositories.state import StateRepository
from tests.fakes import NOW
from tests.spied import SpiedStore


def test_the_end_of_an_ingest_is_noted_once_by_provider(spied: SpiedStore) -> None:
    state = StateRepository(spied)
    for _ in range(2):
        state.note_finished_ingest("sample", NOW)

    assert spied.writes == 1
    assert state.finished_ingest("sample") == NOW
    assert state.finished_ingest("alpaca") is None
    state.note_finished_ingest("sample", NOW + timedelta(days=1))
    assert state.finished_ingest("sample") == NOW + timedelta(days=1)


def test_of_several_refreshes_that_could_not_begin_the_first_is_noted(spied: SpiedStore) -> None:
    state = StateRepository(spied)
    state.note_blocked_refresh(NOW)
    state.note_blocked_refresh(NOW + timedelta(days=1))

    assert state.refresh_blocked_since() == NOW
    state.note_free_refresh()
    assert state.refresh_blocked_since() is None
