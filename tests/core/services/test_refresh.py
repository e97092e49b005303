"""A refresh takes the stalest companies, and leaves to the next one what it cannot do."""

from collections.abc import Sequence

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import PublishError, QuotaExhaustedError, RateLimitError
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
)
from signal9_core.ports import EventPublisher
from signal9_core.settings import Settings
from tests.benchmarks.ingest import MOST_CALLS_UNCHANGED, MOST_CALLS_WITH_NEWS, calls_of_refresh
from tests.fakes import AttentivePublisher, FakeProvider, SetClock, series
from tests.spied import SpiedStore


class BrokenBus:
    """A bus that takes nothing."""

    def publish(self, events: Sequence[Event]) -> None:
        raise PublishError(f"{len(events)} events refused")


class Refreshes:
    """Refreshes, each an hour after the one before, in a process of its own."""

    def __init__(self, spied: SpiedStore, clock: SetClock, provider: FakeProvider) -> None:
        self._parts = spied, clock, provider
        self.bus: EventPublisher = AttentivePublisher()

    def __call__(self, batch: int = 2) -> list[str]:
        """Refresh a batch, and return the companies that the provider was asked about."""
        spied, clock, provider = self._parts
        clock.move(hours=1)
        provider.at, provider.requests = clock.now, []
        settings = Settings(refresh_batch=batch)
        App(settings, store=spied, provider=provider, bus=self.bus, clock=clock).refresh()
        return [ticker for method, ticker, _ in provider.requests if method == "overview"]


@pytest.fixture
def refresh(spied: SpiedStore, clock: SetClock, provider: FakeProvider) -> Refreshes:
    return Refreshes(spied, clock, provider)


@pytest.mark.parametrize("covering", [None, ["MSFT", "ZZZ", "AAPL", "BRK.B"]])
def test_each_run_takes_the_companies_that_were_checked_longest_ago(
    covering: list[str] | None, app: App, provider: FakeProvider, refresh: Refreshes
) -> None:
    provider.covering = []
    app.ingest()
    provider.covering = covering

    first, second, third = (refresh() for _ in range(3))

    assert sorted(first + second) == ["AAPL", "BRK.B", "MSFT", "ZZZ"]
    assert third == first


def test_a_batch_that_is_larger_than_the_market_takes_each_company_once(
    refresh: Refreshes,
) -> None:
    assert sorted(refresh(100)) == ["AAPL", "BRK.B", "MSFT"]


def test_a_company_that_always_fails_does_not_stand_in_the_way(
    app: App, provider: FakeProvider, refresh: Refreshes
) -> None:
    app.ingest()
    for method in ("overview", "prices", "financials", "news"):
        provider.failing[f"{method} AAPL"] = RateLimitError("never again")

    requested = [refresh(1)[0] for _ in range(4)]

    assert sorted(requested[:3]) == ["AAPL", "BRK.B", "MSFT"]
    assert requested[3] == requested[0]


def test_the_next_run_begins_with_the_company_for_which_no_call_was_left(
    app: App, clock: SetClock, provider: FakeProvider, refresh: Refreshes
) -> None:
    app.ingest()
    order = [refresh(1)[0] for _ in range(3)]
    provider.failing[f"prices {order[1]}"] = QuotaExhaustedError("fake", clock.now)

    today = refresh(3)
    provider.failing.clear()

    assert today == order[:2]
    assert refresh(3)[:2] == order[1:]


def test_a_company_whose_changes_could_not_be_announced_is_next_in_line(
    app: App, provider: FakeProvider, refresh: Refreshes
) -> None:
    app.ingest()
    for ticker in provider.series:
        provider.series[ticker] = series(ticker, day_20240108="150")
    refresh.bus = BrokenBus()
    with pytest.raises(PublishError):
        refresh()
    stopped_at = provider.requests[-1][1]

    refresh.bus = bus = AttentivePublisher()

    assert stopped_at in refresh()
    assert stopped_at in {event.ticker for event in bus.heard if isinstance(event, PricesUpdated)}


def test_a_refresh_announces_what_it_changed(app: App, publisher: AttentivePublisher) -> None:
    answer = app.refresh()

    assert answer.changed == {"overview": 2, "prices": 5, "financials": 4, "news": 3}
    kinds = {type(event) for event in publisher.heard}
    assert {AssetDataUpdated, FinancialDataIngested, NewsIngested, PricesUpdated} <= kinds


def test_a_refresh_calls_the_store_a_few_times() -> None:
    assert calls_of_refresh(0) <= MOST_CALLS_UNCHANGED
    assert calls_of_refresh(3) <= MOST_CALLS_WITH_NEWS
