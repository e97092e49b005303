"""Status and health tell how many companies are as fresh as promised, and since when not."""

from datetime import UTC, datetime, timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, DataSet, DataSetFreshness
from signal9_core.errors import PayloadError, ProviderUnavailableError, QuotaExhaustedError
from signal9_core.services.status import NO_PLAN
from signal9_core.settings import Settings
from tests.core.conftest import app_over
from tests.fakes import NOW, FakeProvider, SetClock, series
from tests.spied import SpiedStore

TEN = [Asset(ticker=f"T{number}", rank=number + 1) for number in range(10)]


class Stage:
    """A stage of ten companies; every call is a new process."""

    def __init__(self, spied: SpiedStore, clock: SetClock) -> None:
        self.spied, self.clock = spied, clock
        self.provider = FakeProvider(covering=None, listing=list(TEN), articles=[])
        self.provider.series = {
            asset.ticker: series(asset.ticker, day_20240105="1") for asset in TEN
        }

    def app(self) -> App:
        self.provider.at = self.clock.now
        return app_over(self.spied, self.clock, self.provider)

    def run(self, **later: float) -> None:
        self.clock.move(**later)
        self.app().run()

    def fail(self, *tickers: str) -> None:
        """Let the provider send of these companies what nobody can read."""
        self.provider.failing = {
            f"prices {ticker}": PayloadError("no number: 'x'") for ticker in tickers
        }

    def of(self, data_set: DataSet) -> DataSetFreshness:
        summary = self.app().state.freshness("fake")
        assert summary is not None
        return summary.data_sets[data_set]


@pytest.fixture
def stage(spied: SpiedStore, clock: SetClock) -> Stage:
    return Stage(spied, clock)


def test_what_was_just_ingested_is_fresh(stage: Stage) -> None:
    stage.run()

    assert {stage.of(data_set) for data_set in DataSet} == {DataSetFreshness(fresh=10)}
    assert stage.app().problems() == []


def test_what_is_due_is_late_after_a_while(stage: Stage) -> None:
    stage.run()
    stage.provider.failing = {"prices": ProviderUnavailableError("down")}

    stage.run(hours=12)
    assert stage.of(DataSet.PRICES) == DataSetFreshness(fresh=10)
    stage.run(days=1)
    assert stage.of(DataSet.PRICES) == DataSetFreshness(
        late=10, late_since=datetime(2024, 1, 8, 21, 30, tzinfo=UTC), stalest="T0"
    )
    assert stage.app().problems()[0] == (
        "The prices of 10 of 10 companies are older than promised, 0 of them failing; "
        "the oldest are late since 2024-01-08 21:30 UTC."
    )


def test_prices_are_not_late_while_no_trading_day_has_ended(stage: Stage, clock: SetClock) -> None:
    clock.move(days=5)  # a Saturday before a Monday without trading
    stage.run()
    stage.provider.failing = {"prices": ProviderUnavailableError("down")}

    stage.run(days=3)  # Tuesday noon
    assert stage.of(DataSet.PRICES).fresh == 10


@pytest.mark.parametrize(("failing", "is_degraded"), [(1, False), (2, True)])
def test_a_tenth_of_the_companies_may_fail(stage: Stage, failing: int, is_degraded: bool) -> None:
    stage.run()
    stage.fail(*(asset.ticker for asset in TEN[:failing]))

    stage.run(days=1)

    assert stage.of(DataSet.PRICES) == DataSetFreshness(fresh=10 - failing, failing=failing)
    assert bool(stage.app().problems()) == is_degraded


def test_what_was_never_received_is_missing_and_a_problem_after_a_while(stage: Stage) -> None:
    stage.provider.failing = {"news": ProviderUnavailableError("down")}
    stage.run()

    begun = DataSetFreshness(missing=10, late_since=NOW)
    assert stage.of(DataSet.NEWS) == begun
    assert stage.app().problems() == []
    stage.run(hours=26)
    assert stage.of(DataSet.NEWS) == begun
    assert stage.app().problems() == ["No news have been received since 2024-01-08 12:00 UTC."]


def test_running_out_of_calls_is_no_failure(stage: Stage, clock: SetClock) -> None:
    stage.provider.failing = {"prices": QuotaExhaustedError("fake", clock.now)}

    stage.run()

    assert stage.of(DataSet.PRICES).failing == 0
    assert stage.app().get_status().problems == []


def test_health_tells_that_nothing_is_refreshed_any_more(stage: Stage) -> None:
    stage.run()

    stage.clock.move(hours=25)
    assert stage.app().problems() == []
    stage.clock.move(hours=1)
    assert stage.app().problems() == ["Nothing has been refreshed since 2024-01-08 12:00 UTC."]


def test_a_stage_that_was_never_planned_says_so(spied: SpiedStore, clock: SetClock) -> None:
    deployed = App(Settings(store="dynamodb"), store=spied, provider=FakeProvider(), clock=clock)
    laptop = App(Settings(), store=spied, provider=FakeProvider(), clock=clock)

    assert deployed.problems() == [NO_PLAN]
    assert laptop.problems() == []


def test_health_reads_two_items_however_many_companies_there_are(
    stage: Stage, spied: SpiedStore
) -> None:
    stage.run()
    app, before = stage.app(), spied.calls

    for _ in range(3):
        assert app.problems() == []
        assert app.freshness is not None

    assert spied.calls - before == 2


def test_status_measures_now_and_names_the_promise(stage: Stage) -> None:
    stage.run()
    stage.clock.move(days=40)

    promises = stage.app().get_status().promises

    overview = promises[DataSet.OVERVIEW]
    assert (overview.promise, overview.late, overview.stalest) == ("30 days", 10, "T0")
    assert overview.late_since == NOW + timedelta(days=30)
    assert {name: state.promise for name, state in promises.items()} == {
        DataSet.OVERVIEW: "30 days",
        DataSet.PRICES: "until the next close",
        DataSet.FINANCIALS: "90 days, or until the next report",
        DataSet.NEWS: "1 hour",
    }


def test_without_a_key_status_shows_the_latest_plan(
    stage: Stage, spied: SpiedStore, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIGNAL9_ALPHAVANTAGE_KEY", raising=False)
    stage.provider.name = "alphavantage"
    stage.run()
    keyless = App(Settings(provider="alphavantage"), store=spied, clock=clock)

    assert keyless.get_status().promises[DataSet.NEWS].fresh == 10


def test_a_provider_without_requests_promises_nothing(stage: Stage) -> None:
    stage.provider.calls = dict.fromkeys(stage.provider.calls, 0)
    stage.run()

    assert stage.app().get_status().promises == {}
    assert stage.app().problems() == []
