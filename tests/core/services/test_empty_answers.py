"""An answer without anything in it changes neither source nor dates of what is stored."""

from datetime import date, timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, AssetProfile, CompanyOverview, DataSet, Identity
from signal9_core.domain.prices import PriceSeries
from signal9_core.provider_port import Financials
from tests.core.conftest import app_over
from tests.fakes import AttentivePublisher, FakeProvider, SetClock, series
from tests.spied import SpiedStore

DAYS = [date(2023, 8, 1) + timedelta(days=number) for number in range(140)]
HUNDRED = {f"day_{day:%Y%m%d}": "100" for day in DAYS if day.weekday() < 5}


def empty_provider(name: str, covering: list[str] | None, clock: SetClock) -> FakeProvider:
    """A provider that knows the company, and has nothing of it."""
    return FakeProvider(
        name=name,
        covering=covering,
        at=clock.now,
        overviews={"AAPL": CompanyOverview(ticker="AAPL")},
        series={"AAPL": PriceSeries.empty("AAPL")},
        actions={"AAPL": []},
        reports={"AAPL": Financials()},
        articles=[],
    )


def stored(app: App) -> AssetProfile:
    profile = app.assets.get("AAPL")
    assert profile is not None
    return profile


@pytest.mark.parametrize("covering", [None, ["AAPL"]], ids=["many", "few"])
@pytest.mark.parametrize("since", [None, date(2023, 6, 1)], ids=["always", "since a day"])
def test_what_one_provider_gave_stays_its_own_when_another_has_nothing(
    spied: SpiedStore, clock: SetClock, covering: list[str] | None, since: date | None
) -> None:
    provider = FakeProvider(name="first", series={"AAPL": series("AAPL", **HUNDRED)})
    identity = Identity(since=since)
    profile = AssetProfile(asset=Asset(ticker="AAPL"), identity=identity)
    app_over(spied, clock, provider).assets.put(profile, expected=0)
    app = app_over(spied, clock, provider)
    app.ingest(tickers=["AAPL"])
    before = stored(app)
    clock.move(days=100)
    bus = AttentivePublisher()

    answer = app_over(spied, clock, empty_provider("second", covering, clock), bus).ingest(
        tickers=["AAPL"]
    )

    after = stored(app)
    assert before.freshness[DataSet.PRICES].count == 100
    assert after.freshness == before.freshness
    assert after.overview == before.overview
    assert after.reports_received == before.reports_received
    assert answer.failed == []
    assert [type(event).__name__ for event in bus.heard if "Updated" not in event.detail_type] == []


@pytest.mark.parametrize("data_set", [DataSet.OVERVIEW, DataSet.PRICES, DataSet.FINANCIALS])
def test_a_provider_that_has_nothing_any_more_changes_nothing_it_gave(
    spied: SpiedStore, clock: SetClock, data_set: DataSet
) -> None:
    app = app_over(spied, clock, FakeProvider(name="first"))
    app.ingest(tickers=["AAPL"])
    before = stored(app)
    clock.move(days=1)

    app_over(spied, clock, empty_provider("first", ["AAPL"], clock)).ingest(tickers=["AAPL"])

    assert stored(app).freshness[data_set] == before.freshness[data_set]
    assert stored(app).overview == before.overview


def test_a_data_set_that_a_provider_does_not_offer_was_not_requested(
    spied: SpiedStore, clock: SetClock
) -> None:
    provider = empty_provider("bars only", None, clock)
    provider.calls = {DataSet.PRICES: 1}
    app = app_over(spied, clock, provider)
    app.assets.put(AssetProfile(asset=Asset(ticker="AAPL")), expected=0)

    app.ingest(tickers=["AAPL"])

    assert set(stored(app).requested) == {DataSet.PRICES}
