"""A run ingests what is due, and leaves to the next one what it cannot do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, Listing, ProblemKind
from signal9_core.domain.identity import dispute, leave_listing
from signal9_core.domain.work import WorkItem
from signal9_core.errors import (
    PayloadError,
    ProviderError,
    ProviderUnavailableError,
    PublishError,
    QuotaExhaustedError,
)
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    NewsIngested,
    PricesUpdated,
)
from signal9_core.ports import EventPublisher, no_progress
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.calendar import last_close
from signal9_core.schemas.operations import DueAnswer, QuotaAnswer
from signal9_core.services.run import Run, RunResult
from signal9_core.settings import Settings
from tests.benchmarks.ingest import MOST_CALLS_UNCHANGED, MOST_CALLS_WITH_NEWS, calls_of_refresh
from tests.core.conftest import app_over
from tests.fakes import NOW, OVERVIEWS, AttentivePublisher, FakeProvider, SetClock, series
from tests.spied import SpiedStore

COMPANIES = ["AAPL", "BRK.B", "MSFT", "ZZZ"]


class BrokenBus:
    """A bus that takes nothing."""

    def publish(self, events: Sequence[Event]) -> None:
        raise PublishError(f"{len(events)} events refused")


class Calls(NamedTuple):
    """A budget of so many calls."""

    left: int

    def left_today(self) -> int:
        return self.left

    def status(self) -> QuotaAnswer:
        return QuotaAnswer(provider="fake", limit=self.left, left=0, period="day", refills_at=NOW)


class Runs:
    """Runs, each in a process of its own."""

    def __init__(self, spied: SpiedStore, clock: SetClock, provider: FakeProvider) -> None:
        self._parts = spied, clock, provider
        self.bus: EventPublisher = AttentivePublisher()
        self.left = 0

    def __call__(self, budget: int | None = None, **later: float) -> list[tuple[str, str]]:
        """Run some time later, and return what the provider was asked for."""
        spied, clock, provider = self._parts
        clock.move(**later)
        provider.at, provider.requests = clock.now, []
        app = app_over(spied, clock, provider, self.bus)
        quota = None if budget is None else Calls(budget)
        self.left = Run(app._ingest(provider), app._due(provider), clock, quota)(no_progress).left
        return [(method, ticker) for method, ticker, _ in provider.requests]


@pytest.fixture
def run(spied: SpiedStore, clock: SetClock, provider: FakeProvider) -> Runs:
    provider.covering = None
    return Runs(spied, clock, provider)


def companies(requests: list[tuple[str, str]]) -> set[str]:
    return {ticker for _, ticker in requests if ticker}


def test_an_empty_stage_fills_itself(run: Runs) -> None:
    requests = run()

    assert requests[:2] == [("assets", ""), ("calendar", "")]
    assert companies(requests) == set(COMPANIES)
    assert len(requests) == 2 + 4 * len(COMPANIES)
    assert run.left == 0


def test_nothing_is_asked_twice_while_it_is_fresh(run: Runs) -> None:
    run()

    assert run() == []
    assert {method for method, _ in run(hours=1)} == {"news"}
    assert {method for method, _ in run(days=1)} == {"assets", "calendar", "news", "prices"}
    assert {method for method, _ in run(days=30)} >= {"overview", "news", "prices"}


def test_prices_are_not_asked_for_where_no_trading_day_has_ended(
    run: Runs, clock: SetClock
) -> None:
    clock.move(days=4, hours=10)  # the evening of a Friday
    run()

    assert "prices" not in {method for method, _ in run(days=2)}
    assert "prices" in {method for method, _ in run(days=2)}  # Monday was a holiday


def test_what_a_provider_does_not_know_is_not_asked_again_at_once(run: Runs) -> None:
    assert ("overview", "ZZZ") in run()
    assert ("overview", "ZZZ") not in run(days=1)


def test_ten_companies_are_filled_in_the_fewest_days_and_kept_fresh(
    run: Runs, provider: FakeProvider, clock: SetClock
) -> None:
    provider.listing = [Asset(ticker=f"T{number}", rank=number) for number in range(1, 11)]
    provider.calls = AlphaVantageClient.calls
    asked: set[tuple[str, str]] = set()
    for day in range(3):  # 10 companies of 7 calls, and 2 lists, with 25 calls a day
        asked.update(run(25, days=1 if day else 0))

    assert len({pair for pair in asked if pair[1]}) == 40
    run(25, days=1)
    for _ in range(30):
        requests = run(25, days=1)
        if last_close(clock.now) == last_close(clock.now - timedelta(days=1)):
            continue
        assert {ticker for method, ticker in requests if method == "prices"} == {
            asset.ticker for asset in provider.listing
        }


def test_the_budget_of_calls_is_never_exceeded(run: Runs) -> None:
    for budget in (1, 2, 3, 7, 11):
        assert len(run(budget, days=1)) <= budget


def test_a_company_that_fails_does_not_stand_in_the_way(run: Runs, provider: FakeProvider) -> None:
    for method in ("overview", "prices", "financials", "news"):
        provider.failing[f"{method} AAPL"] = ProviderUnavailableError("never again")

    assert companies(run()) == set(COMPANIES)


def test_what_fails_is_requested_again_later_and_later_until_it_succeeds(
    run: Runs, provider: FakeProvider
) -> None:
    failing = ("prices", "MSFT")
    provider.failing[" ".join(failing)] = PayloadError("no number: 'x'")

    hours = [int(failing in run(hours=1)) for _ in range(16)]

    assert hours == [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    provider.failing.clear()
    assert failing in run(hours=16)
    assert failing not in run(hours=1)
    assert failing in run(days=1)


def test_a_list_that_fails_is_requested_again_later_and_later_until_it_succeeds(
    run: Runs, provider: FakeProvider
) -> None:
    failing = ("calendar", "")
    provider.failing["calendar"] = PayloadError("no dates")

    hours = [int(failing in run(hours=1)) for _ in range(16)]

    assert hours == [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    provider.failing.clear()
    assert failing in run(hours=16)
    assert failing not in run(hours=23)
    assert failing in run(hours=1)


def test_a_failure_is_shown_as_a_problem_until_it_has_passed(
    app: App, run: Runs, provider: FakeProvider
) -> None:
    provider.failing["prices MSFT"] = PayloadError("no number: 'x'")

    run()
    run(hours=2)

    (problem,) = app.get_status().problems
    assert (problem.ticker, problem.kind) == ("MSFT", ProblemKind.REQUESTS)
    assert problem.reason == "prices failed 2 times in a row: no number: 'x'"
    assert problem.since == NOW.date()
    provider.failing.clear()
    run(days=1)
    assert app.get_status().problems == []


@pytest.mark.parametrize(
    "error", [ProviderUnavailableError("later"), QuotaExhaustedError("fake", NOW)]
)
def test_what_may_pass_is_requested_again_by_the_next_run(
    app: App, run: Runs, provider: FakeProvider, error: ProviderError
) -> None:
    provider.failing["prices MSFT"] = error

    assert ("prices", "MSFT") in run()
    assert ("prices", "MSFT") in run(minutes=1)
    assert app.get_status().problems == []


def test_nothing_is_requested_of_companies_that_have_left_or_may_be_others(
    app: App, run: Runs, provider: FakeProvider
) -> None:
    provider.requests = []
    app._ingest(provider).update_list("listing", no_progress)
    app.assets.change("AAPL", lambda profile: leave_listing(profile, "fake", NOW.date()))
    claim = Listing(asset=Asset(ticker="MSFT"), source="fake", day=NOW.date())
    app.assets.change("MSFT", lambda profile: dispute(profile, claim, "another name"))

    assert companies(run()) == {"BRK.B", "ZZZ"}


def test_only_the_companies_of_the_settings_are_kept_fresh(
    spied: SpiedStore, clock: SetClock, provider: FakeProvider
) -> None:
    provider.covering = None
    settings = Settings(companies=("MSFT", "BRK.B", "NOPE"))
    app = App(settings, store=spied, provider=provider, bus=AttentivePublisher(), clock=clock)

    app.run()

    asked = [(method, ticker) for method, ticker, _ in provider.requests]
    assert companies(asked) == {"MSFT", "BRK.B"}


def test_the_next_run_begins_with_the_company_for_which_no_call_was_left(
    run: Runs, clock: SetClock, provider: FakeProvider
) -> None:
    provider.failing["prices MSFT"] = QuotaExhaustedError("fake", clock.now)

    today = run()
    provider.failing.clear()

    assert companies(today) == {"AAPL", "MSFT"}
    assert run.left == 2
    assert run(minutes=1)[0] == ("prices", "MSFT")


def test_events_that_could_not_be_published_are_published_by_the_next_run(
    provider: FakeProvider, run: Runs
) -> None:
    run()
    provider.series["AAPL"] = series("AAPL", day_20240109="150")
    run.bus = BrokenBus()
    run(days=1, hours=12)

    run.bus = bus = AttentivePublisher()
    run()

    assert "AAPL" in {event.ticker for event in bus.heard if isinstance(event, PricesUpdated)}


def test_a_run_begins_nothing_when_its_time_is_over(
    app: App, clock: SetClock, provider: FakeProvider
) -> None:
    answer = app.run(until=clock.now)

    assert provider.requests == []
    assert (answer.left, answer.continues_at) == (2, None)
    assert app.run(until=clock.now + timedelta(minutes=1)).left == 0


def test_only_what_waits_for_the_budget_is_said_to_continue_when_it_refills(
    app: App, clock: SetClock, provider: FakeProvider
) -> None:
    def run(budget: int, until: datetime | None = None) -> RunResult:
        return Run(app._ingest(provider), app._due(provider), clock, Calls(budget))(
            no_progress, until
        )

    assert run(50, clock.now).continues_at is None
    result = run(3)
    # Two lists and a call for three companies of four data sets; eleven calls are left.
    assert (result.left, result.continues_at) == (3, NOW)
    assert result.completes_at == NOW + timedelta(days=3)
    assert run(50).continues_at is None


def test_the_status_tells_what_is_due(app: App, provider: FakeProvider) -> None:
    empty = app.get_status().due
    app.run()
    filled = app.get_status().due
    provider.calls = dict.fromkeys(provider.calls, 0)

    assert empty == DueAnswer(left=2, calls=2, completes_at=None)
    assert filled == DueAnswer(left=0, calls=0, completes_at=None)
    assert app.get_status().due is None


def test_an_item_that_was_done_since_is_not_done_twice(app: App, provider: FakeProvider) -> None:
    provider.failing["overview MSFT"] = PayloadError("no number: 'x'")
    lists = app.plan()
    for item in [*lists, *lists]:
        app.work(item)
    companies = app.plan()
    requests = len(provider.requests)
    for item in [*companies, *companies]:
        app.work(WorkItem.model_validate_json(item.model_dump_json()))

    assert requests == len(lists) == 2
    assert len(provider.requests) == requests + 4 * 3
    assert app.plan() == []


def test_a_run_announces_what_it_changed(app: App, publisher: AttentivePublisher) -> None:
    answer = app.run()

    changed = {"listing": 4, "overview": 2, "prices": 5, "financials": 4, "news": 3}
    assert answer.changed == changed
    kinds = {type(event) for event in publisher.heard}
    assert {AssetDataUpdated, FinancialDataIngested, NewsIngested, PricesUpdated} <= kinds


def test_an_ingest_skips_what_is_fresh_unless_it_is_forced(
    app: App, clock: SetClock, provider: FakeProvider
) -> None:
    app.ingest(tickers=["AAPL"])
    clock.move(hours=2)
    provider.requests.clear()

    answer = app.ingest(tickers=["AAPL"], force=False)

    assert [method for method, *_ in provider.requests] == ["news"]
    assert answer.fresh == {"overview": 1, "prices": 1, "financials": 1}
    provider.overviews = {"AAPL": OVERVIEWS["AAPL"].model_copy(update={"sector": "TOYS"})}
    assert app.ingest(tickers=["AAPL"]).changed["overview"] == 1


@pytest.mark.parametrize(
    ("hours", "asked"), [(3, []), (1, ["overview", "prices", "financials", "news"])]
)
def test_an_ingest_fetches_what_is_older_than_an_age(
    app: App, clock: SetClock, provider: FakeProvider, hours: int, asked: list[str]
) -> None:
    app.ingest(tickers=["AAPL"])
    clock.move(hours=2)
    provider.requests.clear()

    app.ingest(tickers=["AAPL"], force=False, max_age=timedelta(hours=hours))

    assert [method for method, *_ in provider.requests] == asked


@pytest.mark.parametrize("hours", [3, 1])
def test_an_ingest_fetches_lists_that_are_older_than_an_age(
    app: App, clock: SetClock, provider: FakeProvider, hours: int
) -> None:
    provider.at = clock.now
    app.ingest()
    clock.move(hours=2)
    provider.at = clock.now
    provider.requests.clear()

    app.ingest(force=False, max_age=timedelta(hours=hours))

    assert (("assets", "", None) in provider.requests) == (hours == 1)


def test_a_refresh_calls_the_store_a_few_times() -> None:
    assert calls_of_refresh(0) <= MOST_CALLS_UNCHANGED
    assert calls_of_refresh(3) <= MOST_CALLS_WITH_NEWS
