from collections.abc import Sequence

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import CompanyOverview
from signal9_core.errors import PublishError, QuotaExhaustedError, RateLimitError
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
)
from signal9_core.repositories import AssetRepository
from signal9_core.settings import Settings
from tests.core.conftest import app_over
from tests.fakes import AttentivePublisher, FakeProvider, SetClock, series
from tests.spied import SpiedStore


class CuriousProvider(FakeProvider):
    """A provider that remembers whom it was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def overview(self, ticker: str) -> CompanyOverview | None:
        self.asked.append(ticker)
        return super().overview(ticker)


class BrokenPublisher:
    """A bus that takes nothing."""

    def publish(self, events: Sequence[Event]) -> None:
        raise PublishError(f"{len(events)} events refused")


@pytest.fixture
def provider() -> CuriousProvider:
    return CuriousProvider()


def refresh(
    spied: SpiedStore, clock: SetClock, provider: CuriousProvider, batch: int = 2
) -> list[str]:
    """Refresh in a process of its own; return who was asked about."""
    clock.move(hours=1)
    provider.at, provider.asked = clock.now, []
    settings = Settings(refresh_batch=batch)
    App(settings, store=spied, provider=provider, clock=clock).refresh()
    return provider.asked


@pytest.mark.parametrize("covering", [None, ["MSFT", "ZZZ", "AAPL", "BRK.B"]])
def test_each_run_takes_the_companies_that_were_looked_at_longest_ago(
    covering: list[str] | None,
    app: App,
    spied: SpiedStore,
    clock: SetClock,
    provider: CuriousProvider,
) -> None:
    provider.covering = []
    app.ingest()
    provider.covering = covering

    first, second, third = (refresh(spied, clock, provider) for _ in range(3))

    assert sorted(first + second) == ["AAPL", "BRK.B", "MSFT", "ZZZ"]
    assert third == first


def test_a_batch_that_is_larger_than_the_market_takes_each_company_once(
    spied: SpiedStore, clock: SetClock, provider: CuriousProvider
) -> None:
    assert sorted(refresh(spied, clock, provider, 100)) == ["AAPL", "BRK.B", "MSFT"]


def test_a_company_that_always_fails_does_not_stand_in_the_way(
    app: App, spied: SpiedStore, clock: SetClock, provider: CuriousProvider
) -> None:
    app.ingest()
    for method in ("overview", "prices", "financials", "news"):
        provider.failing[f"{method} AAPL"] = RateLimitError("never again")

    asked = [refresh(spied, clock, provider, 1)[0] for _ in range(4)]

    assert sorted(asked[:3]) == ["AAPL", "BRK.B", "MSFT"]
    assert asked[3] == asked[0]


def test_the_next_run_begins_with_the_company_for_which_no_call_was_left(
    app: App, spied: SpiedStore, clock: SetClock, provider: CuriousProvider
) -> None:
    app.ingest()
    order = [refresh(spied, clock, provider, 1)[0] for _ in range(3)]
    gone = QuotaExhaustedError("fake", clock.now)
    provider.failing[f"prices {order[1]}"] = gone

    today = refresh(spied, clock, provider, 3)
    provider.failing.clear()

    assert today == order[:2]
    assert refresh(spied, clock, provider, 3)[:2] == order[1:]


def test_what_follows_is_left_to_the_subscribers_of_the_bus(
    app: App, publisher: AttentivePublisher
) -> None:
    answer = app.refresh()

    profile = AssetRepository(app.store).get("AAPL")
    assert profile is not None
    assert profile.insights.range_52_weeks is not None
    assert answer.changed == {"overview": 2, "prices": 5, "financials": 4, "news": 3}
    kinds = {type(event) for event in publisher.heard}
    assert {AssetDataUpdated, FinancialDataIngested, NewsIngested, PricesUpdated} <= kinds


def test_a_company_whose_changes_could_not_be_announced_is_next_in_line(
    app: App,
    spied: SpiedStore,
    clock: SetClock,
    provider: CuriousProvider,
    publisher: AttentivePublisher,
) -> None:
    app.ingest()
    clock.move(days=1)
    for ticker in provider.series:
        provider.series[ticker] = series(ticker, day_20240108="150")
    provider.at = clock.now
    with pytest.raises(PublishError):
        app_over(spied, clock, provider, BrokenPublisher()).refresh()
    stopped_at = provider.asked[-1]

    publisher.heard.clear()
    clock.move(hours=1)
    provider.at, provider.asked = clock.now, []
    app.refresh()

    assert stopped_at in provider.asked
    assert [event for event in publisher.heard if isinstance(event, PricesUpdated)]
