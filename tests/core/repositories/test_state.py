"""What outlives a process: how ingests ended, and notifications that were sent."""

from datetime import timedelta

from signal9_core.repositories import NotifiedRepository, StateRepository
from tests.core.publishers.test_sns import notification
from tests.fakes import NOW, SetClock
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


def test_a_notification_is_unsent_until_it_is_noted_and_three_months_later(
    clock: SetClock, spied: SpiedStore
) -> None:
    notified = NotifiedRepository(spied, clock)
    first, second = notification("AAPL"), notification("MSFT")
    assert notified.unsent([first, second, first]) == [first, second]

    notified.note([first])

    assert notified.unsent([first, second]) == [second]
    clock.move(days=89)
    assert notified.unsent([first]) == []
    clock.move(days=2)
    assert notified.unsent([first]) == [first]
