"""Events stay in the outbox from before a write until they are published."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from signal9_core.errors import PublishError
from signal9_core.events import AssetDataUpdated, Event, NewsSentimentAnalyzed
from signal9_core.ports import Item
from signal9_core.services.outbox import Outbox
from signal9_core.tables import TableSpec
from tests.fakes import NOW, AttentivePublisher
from tests.spied import SpiedStore


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
