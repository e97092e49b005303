"""A store or a bus that is down stops a run cleanly, and the next run completes it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import PublishError, Signal9Error, StoreUnavailableError
from signal9_core.events import Event
from signal9_core.ports import Item, Key
from signal9_core.repositories.companies import AssetRepository
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.conftest import app_over, opened
from tests.core.repositories.test_on_dynamodb import on_dynamodb
from tests.fakes import FakeProvider, RecordingPublisher, SetClock
from tests.spied import SpiedStore

Contents = Mapping[tuple[str, ...], Item]


class UnavailableStore(SpiedStore):
    """A store of which some calls fail, by their number; a batch is half written before."""

    fails: Callable[[int], bool] = staticmethod(lambda _: False)

    def _about_to_write(self, table: TableSpec, items: Sequence[Item]) -> None:
        super()._about_to_write(table, items)
        if self.fails(self.calls):
            raise StoreUnavailableError(f"{table.name}: ThrottlingException")

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        written = list(items)
        if self.fails(self.calls + 1):
            super().put_many(table, written[: len(written) // 2])
            raise StoreUnavailableError(f"{len(written)} of {len(written)} not processed")
        super().put_many(table, written)

    def get(self, table: TableSpec, key: Key) -> Any:
        stored = super().get(table, key)
        if self.fails(self.calls):
            raise StoreUnavailableError(f"{table.name}: ThrottlingException")
        return stored

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> Any:
        if self.fails(self.calls + 1):
            self.calls += 1
            raise StoreUnavailableError(f"{table.name}: ThrottlingException")
        return super().get_many(table, keys)


def undisturbed() -> tuple[Contents, list[Event], int]:
    with opened() as spied:
        bus = RecordingPublisher()
        app_over(spied, SetClock(), FakeProvider(), bus).ingest()
        return spied.contents(), bus.heard, spied.calls


def test_throttled_calls_anywhere_leave_nothing_that_the_next_run_does_not_complete() -> None:
    contents, events, calls = undisturbed()

    for first in range(1, calls, 3):
        with opened() as spied:
            store, bus = UnavailableStore(spied.store), RecordingPublisher()
            app = app_over(store, SetClock(), FakeProvider(), bus)
            store.fails = lambda number, first=first: first <= number < first + 4  # type: ignore[misc]
            with suppress(Signal9Error):
                app.ingest()
            store.fails = lambda _: False

            app.ingest()

            assert store.contents() == contents, f"throttled from call {first} on"
            assert all(event in bus.heard for event in events), f"throttled from call {first} on"


def test_a_store_that_is_down_is_not_called_for_every_company(clock: SetClock) -> None:
    with opened(clock) as spied:
        tickers = [f"T{number}" for number in range(50)]
        provider = FakeProvider(covering=tickers)
        app_over(spied, clock, provider).ingest()
        store = UnavailableStore(spied.store)
        app = App(Settings(), store=store, provider=provider, clock=clock)
        store.fails = lambda _: True

        answer = app.ingest(tickers=tickers)

        assert store.calls < 20
        assert {failure.ticker for failure in answer.failed} == set(tickers)
        assert all(failure.transient for failure in answer.failed)


class DownBus(RecordingPublisher):
    """A bus that can be down."""

    is_down = True
    attempts = 0

    def publish(self, events: Sequence[Event]) -> None:
        self.attempts += 1
        if self.is_down:
            raise PublishError(f"{len(events)} refused", events)
        super().publish(events)


@pytest.mark.parametrize("open_store", [opened, on_dynamodb])
def test_what_a_bus_that_is_down_has_refused_is_published_later_and_stored_already(
    open_store: Callable[[], Any], clock: SetClock
) -> None:
    with open_store() as store:
        bus = DownBus()
        app = App(Settings(), store=store, provider=FakeProvider(), bus=bus, clock=clock)

        answer = app.ingest(tickers=["AAPL", "BRK.B", "MSFT"])

        assert {failure.ticker for failure in answer.failed} == {"AAPL", "BRK.B", "MSFT"}
        record = AssetRepository(store).get("AAPL")
        assert record is not None
        assert set(record.freshness) == {"overview", "prices", "financials", "news"}
        assert bus.attempts == 3
        clock.move(minutes=6)
        bus.is_down = False

        app.ingest(tickers=["ZZZ"])

        assert {getattr(event, "ticker", None) for event in bus.heard} >= {"AAPL", "BRK.B", "MSFT"}


def test_a_company_whose_events_are_refused_does_not_stop_the_others(clock: SetClock) -> None:
    class Picky(RecordingPublisher):
        def publish(self, events: Sequence[Event]) -> None:
            if any(getattr(event, "ticker", None) == "BRK.B" for event in events):
                raise PublishError("too large", events)
            super().publish(events)

    with opened(clock) as spied:
        app = app_over(spied, clock, FakeProvider(articles=[]), Picky())

        answer = app.ingest(tickers=["AAPL", "BRK.B", "MSFT"])

        assert {failure.ticker for failure in answer.failed} == {"BRK.B"}
        assert answer.changed["prices"] > 0
