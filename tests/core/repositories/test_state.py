from datetime import timedelta
from decimal import Decimal

from signal9_core.events import AssetDataUpdated, Event, NewsSentimentAnalyzed
from signal9_core.ports import Item
from signal9_core.repositories import OutboxRepository, StateRepository
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.fakes import NOW
from tests.spied import SpiedStore


def updated(ticker: str) -> Event:
    return AssetDataUpdated(at=NOW, tickers=(ticker,), data_set="overview")


def test_the_end_of_an_ingest_is_remembered_by_provider(spied: SpiedStore) -> None:
    state = StateRepository(spied)

    state.note_finished_ingest("sample", NOW)

    assert state.finished_ingest("sample") == NOW
    assert state.finished_ingest("alpaca") is None


def test_noting_the_same_end_twice_writes_once(spied: SpiedStore) -> None:
    state = StateRepository(spied)
    state.note_finished_ingest("sample", NOW)
    state.note_finished_ingest("sample", NOW)
    assert spied.writes == 1

    state.note_finished_ingest("sample", NOW + timedelta(days=1))
    assert state.finished_ingest("sample") == NOW + timedelta(days=1)


def test_the_key_for_cursors_is_made_once_and_shared(spied: SpiedStore) -> None:
    key = StateRepository(spied).cursor_key()

    assert StateRepository(spied).cursor_key() == key
    with opened() as other:
        assert StateRepository(other).cursor_key() != key


def test_two_who_make_the_key_at_once_get_the_same(spied: SpiedStore) -> None:
    made: list[str] = []

    def meanwhile(_: TableSpec, __: Item) -> None:
        made.append(StateRepository(spied.store).cursor_key())

    spied.meanwhile = meanwhile

    assert [StateRepository(spied).cursor_key()] == made


def test_events_are_kept_in_order_until_they_are_dropped(spied: SpiedStore) -> None:
    outbox = OutboxRepository(spied)
    outbox.keep("AAPL/overview", [updated("AAPL")])
    outbox.keep("AAPL/overview", [updated("MSFT"), updated("AAPL")])
    outbox.keep("MSFT/overview", [updated("MSFT")])

    assert outbox.kept("AAPL/overview", "ZZZ/news") == {
        "AAPL/overview": [updated("AAPL"), updated("MSFT")]
    }
    outbox.drop("AAPL/overview", [updated("AAPL")])
    assert outbox.kept("AAPL/overview") == {"AAPL/overview": [updated("MSFT")]}
    outbox.drop("AAPL/overview", [updated("MSFT")])

    assert list(spied.contents()) == [("State", "outbox/MSFT/overview")]


def test_any_kind_of_event_comes_out_as_it_was_kept(spied: SpiedStore) -> None:
    outbox = OutboxRepository(spied)
    event = NewsSentimentAnalyzed(at=NOW, ticker="BRK.B", score=Decimal("-0.123456"), sample_size=3)

    outbox.keep("BRK.B/news", [event])

    assert outbox.kept("BRK.B/news") == {"BRK.B/news": [event]}


def test_an_event_that_somebody_keeps_while_another_is_dropped_stays(spied: SpiedStore) -> None:
    mine, yours = OutboxRepository(spied), OutboxRepository(spied.store)
    mine.keep("AAPL/news", [updated("AAPL")])

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.keep("AAPL/news", [updated("MSFT")])

    spied.meanwhile = meanwhile
    mine.drop("AAPL/news", [updated("AAPL")])

    assert mine.kept("AAPL/news") == {"AAPL/news": [updated("MSFT")]}


def test_dropping_what_is_not_kept_is_no_error(spied: SpiedStore) -> None:
    OutboxRepository(spied).drop("AAPL/news", [updated("AAPL")])

    assert spied.contents() == {}
