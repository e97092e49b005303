"""Events stay in the outbox from before a write until they are published."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import PublishError
from signal9_core.events import AssetDataUpdated, Event, NewsSentimentAnalyzed
from signal9_core.ports import Item, Store
from signal9_core.repositories.companies import AssetRepository
from signal9_core.services.outbox import Outbox
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.repositories.test_on_dynamodb import on_dynamodb
from tests.fakes import (
    NOW,
    AttentivePublisher,
    FakeProvider,
    RecordingPublisher,
    SetClock,
    without_cause,
)
from tests.spied import SpiedStore, StoppedError


def updated(ticker: str) -> Event:
    return AssetDataUpdated(at=NOW, tickers=(ticker,), data_set="overview")


RATED = NewsSentimentAnalyzed(at=NOW, ticker="BRK.B", score=Decimal("-0.123456"), sample_size=3)


def test_events_are_pending_in_order_until_they_are_published(spied: SpiedStore) -> None:
    publisher = AttentivePublisher()
    outbox = Outbox(spied, publisher)
    outbox.record("listing", updated("AAPL"))
    outbox.record("listing", RATED, updated("AAPL"))
    outbox.record("calendar", updated("MSFT"))

    assert outbox.pending("listing") == [updated("AAPL"), RATED]
    outbox.publish("listing")
    outbox.publish("nothing")

    assert publisher.heard == [updated("AAPL"), RATED]
    assert outbox.pending("listing") == []
    assert outbox.pending("calendar") == [updated("MSFT")]
    assert len(spied.contents()) == 1


def test_an_event_that_somebody_records_while_another_is_published_stays(
    spied: SpiedStore,
) -> None:
    outbox, other = (Outbox(store, AttentivePublisher()) for store in (spied, spied.store))
    outbox.record("listing", updated("AAPL"))

    def meanwhile(_: TableSpec, __: Item) -> None:
        other.record("listing", updated("MSFT"))

    spied.meanwhile = meanwhile
    outbox.publish("listing")

    assert outbox.pending("listing") == [updated("MSFT")]


def test_what_could_not_be_published_stays(spied: SpiedStore) -> None:
    class Broken(AttentivePublisher):
        def publish(self, events: Sequence[Event]) -> None:
            raise PublishError(f"{len(events)} refused")

    outbox = Outbox(spied, Broken())
    outbox.record("listing", updated("AAPL"))

    with pytest.raises(PublishError):
        outbox.publish("listing")

    assert outbox.pending("listing") == [updated("AAPL")]


class Refusing(RecordingPublisher):
    """A bus that refuses some events, or everything."""

    def __init__(self, refused: Sequence[Event] = ()) -> None:
        super().__init__()
        self.refused = refused
        self.attempts = 0

    def publish(self, events: Sequence[Event]) -> None:
        self.attempts += 1
        if not self.refused or list(map(without_cause, events)) == self.refused:
            raise PublishError(f"{len(events)} refused", events)
        super().publish(events)


def stopped(store: SpiedStore, clock: SetClock, ticker: str) -> list[Event]:
    """Ingest a company in a process that is killed as it publishes; return what it had recorded."""
    bus = Killing()
    with pytest.raises(StoppedError):
        App(Settings(), store=store, provider=FakeProvider(), bus=bus, clock=clock).ingest(
            tickers=[ticker]
        )
    return bus.heard


class Killing(RecordingPublisher):
    """A bus whose process is killed before anything is sent."""

    def publish(self, events: Sequence[Event]) -> None:
        super().publish(events)
        raise StoppedError


def run_of_another(store: Store, clock: SetClock, bus: RecordingPublisher) -> None:
    """Ingest something else."""
    app = App(Settings(), store=store, provider=FakeProvider(), bus=bus, clock=clock)
    app.ingest(tickers=["ZZZ"], data_sets=())


@pytest.mark.parametrize("open_store", [opened, on_dynamodb])
def test_the_next_run_of_anything_publishes_what_a_killed_one_has_left(
    open_store: Callable[[], AbstractContextManager[Store]],
) -> None:
    clock, bus = SetClock(), RecordingPublisher()
    with open_store() as store:
        recorded = {name: stopped(SpiedStore(store), clock, name) for name in ("AAPL", "MSFT")}
        run_of_another(store, clock, bus)
        assert bus.heard == []  # the runs may still be going on
        clock.move(minutes=6)

        run_of_another(store, clock, bus)

        assert bus.heard == [*recorded["AAPL"], *recorded["MSFT"]]
        run_of_another(store, clock, bus)
        assert len(bus.heard) == len(recorded["AAPL"] + recorded["MSFT"])


def test_a_company_whose_events_are_refused_does_not_stop_the_others(
    spied: SpiedStore, clock: SetClock
) -> None:
    recorded = {name: stopped(spied, clock, name) for name in ("AAPL", "BRK.B", "MSFT")}
    clock.move(minutes=6)
    refusing, bus = Refusing(recorded["BRK.B"]), RecordingPublisher()

    run_of_another(spied, clock, refusing)
    run_of_another(spied, clock, bus)

    assert refusing.heard == [*recorded["AAPL"], *recorded["MSFT"]]
    assert bus.heard == recorded["BRK.B"]


def test_a_bus_that_is_down_is_left_alone_after_some_attempts(
    spied: SpiedStore, clock: SetClock
) -> None:
    for ticker in ("AAPL", "BRK.B", "MSFT", "ZZZ"):
        Outbox(spied, RecordingPublisher()).record(ticker, updated(ticker))
    clock.move(minutes=6)
    down, bus = Refusing(), RecordingPublisher()

    run_of_another(spied, clock, down)
    run_of_another(spied, clock, bus)

    assert down.attempts == 3
    assert len(bus.heard) == 4


def test_a_company_that_was_stopped_is_completed_though_its_events_are_published(
    spied: SpiedStore, clock: SetClock
) -> None:
    with opened(clock) as other:
        App(Settings(), store=other, provider=FakeProvider(), clock=clock).ingest(tickers=["AAPL"])
        expected = other.contents()
    stopped(spied, clock, "AAPL")
    clock.move(minutes=6)
    run_of_another(spied, clock, RecordingPublisher())

    App(Settings(), store=spied, provider=FakeProvider(), clock=clock).ingest(tickers=["AAPL"])

    record = AssetRepository(spied).get("AAPL")
    assert record is not None
    assert record.pending == ()
    assert spied.contents().keys() == expected.keys()


def test_looking_for_unpublished_events_reads_none_of_the_companies_without(
    spied: SpiedStore, clock: SetClock, full: App
) -> None:
    calls = spied.calls

    assert full.pipeline.publish_pending() == 0

    assert spied.calls - calls == 4
