"""Many companies are requested at once, and each still stands or fails alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest

from signal9_core.domain.companies import Asset, DataSet
from signal9_core.errors import (
    PayloadError,
    ProviderError,
    ProviderUnavailableError,
    QuotaExhaustedError,
)
from tests.core.conftest import app_over, opened
from tests.fakes import (
    NOW,
    AttentivePublisher,
    FakeBatchProvider,
    FakeProvider,
    SetClock,
    article,
    series,
)
from tests.spied import SpiedStore, StoppedError

P = TypeVar("P", bound=FakeProvider)
TICKERS = ("T1", "T2", "T3", "T4", "T5")


@pytest.fixture
def provider() -> FakeBatchProvider:
    return with_data(FakeBatchProvider())


def with_data(provider: P) -> P:
    return replace(
        provider,
        covering=None,
        calls={"listing": 1, DataSet.PRICES: 2, DataSet.NEWS: 1},
        listing=[Asset(ticker=ticker, rank=int(ticker[1])) for ticker in TICKERS],
        series={ticker: series(ticker, day_20240105="10") for ticker in TICKERS},
        articles=[
            article("About three", "2024-01-05T10:00", "T1", "T2", "T5"),
            article("About one", "2024-01-06T10:00", "T4"),
        ],
    )


def run(spied: SpiedStore, provider: FakeProvider, *, at: timedelta = timedelta(0)) -> list[str]:
    """Run some time later; return what failed."""
    provider.at = NOW + at
    answer = app_over(spied, SetClock(provider.at), provider, AttentivePublisher()).run()
    return [f"{failure.ticker} {failure.data_set}" for failure in answer.failed]


def test_companies_are_requested_together(spied: SpiedStore, provider: FakeBatchProvider) -> None:
    run(spied, provider)

    assert provider.batches == [
        ("prices", ("T1", "T2", "T3")),
        ("news", ("T1", "T2", "T3")),
        ("prices", ("T4", "T5")),
        ("news", ("T4", "T5")),
    ]


@pytest.mark.parametrize("later", [timedelta(hours=2), timedelta(days=3)])
def test_a_batch_stores_what_single_requests_store(later: timedelta) -> None:
    contents = []
    for provider in (with_data(FakeBatchProvider()), with_data(FakeProvider())):
        with opened() as spied:
            run(spied, provider)
            provider.series = {**provider.series, "T2": series("T2", day_20240105="11")}
            provider.articles = [
                *provider.articles,
                article("About two", "2024-01-08T11:00", "T3", "T2"),
            ]
            run(spied, provider, at=later)
            contents.append(spied.contents())

    assert contents[0] == contents[1]


def test_a_batch_is_requested_since_what_is_known_of_each_company(
    spied: SpiedStore, provider: FakeBatchProvider
) -> None:
    provider.actions = {ticker: [] for ticker in TICKERS}
    for ticker in ("T1", "T2"):
        provider.series[ticker] = series(ticker, day_20231201="9", day_20240105="10")
    provider.series["T3"] = series("T3", day_20231201="9", day_20240104="10")
    del provider.series["T4"], provider.series["T5"]
    run(spied, provider)
    provider.requests.clear()

    run(spied, provider, at=timedelta(days=1))

    since = {ticker: day for name, ticker, day in provider.requests if name == "prices"}
    assert since == {
        "T1": date(2023, 12, 29),
        "T2": date(2023, 12, 29),
        "T3": date(2023, 12, 28),
        "T4": None,
        "T5": None,
    }


@pytest.mark.parametrize("data_set", ["prices", "news"])
def test_a_company_fails_alone(
    spied: SpiedStore, provider: FakeBatchProvider, data_set: str
) -> None:
    provider.failing = {f"{data_set} T2": PayloadError("no number: 'x'")}

    assert run(spied, provider) == [f"T2 {data_set}"]

    companies = {
        company.ticker: company
        for company in app_over(spied, SetClock(), provider).assets.summaries()
    }
    assert companies["T2"].failures.keys() == {DataSet(data_set)}
    for ticker in ("T1", "T3", "T4", "T5"):
        assert companies[ticker].requested.keys() == {DataSet.PRICES, DataSet.NEWS}
        assert companies[ticker].failures == {}
    provider.batches.clear()
    run(spied, provider, at=timedelta(minutes=10))
    assert provider.batches == []


def test_an_error_that_nobody_expects_stops_no_other_company(spied: SpiedStore) -> None:
    class Surprising(FakeBatchProvider):
        def histories(self, since: Mapping[str, date | None]) -> Mapping[str, Any]:
            return {**super().histories(since), "T2": "surprise"}

    app = app_over(spied, SetClock(), with_data(Surprising()))
    app.work(app.plan()[0])
    batch = app.plan()[0]

    (failure,) = app.work(batch).failed

    assert "'str' object has no attribute" in failure.reason
    stored = app.assets.read_many(batch.tickers)
    done = {ticker for ticker in stored if DataSet.PRICES in stored[ticker].model.requested}
    assert (batch.tickers, done) == (("T1", "T2", "T3"), {"T1", "T3"})


@pytest.mark.parametrize(
    "error", [ProviderUnavailableError("down"), QuotaExhaustedError("fake", NOW)]
)
def test_what_may_pass_delays_nobody(
    spied: SpiedStore, provider: FakeBatchProvider, error: ProviderError
) -> None:
    provider.failing = {"prices": error}
    run(spied, provider)
    provider.failing.clear()
    provider.batches.clear()

    assert run(spied, provider, at=timedelta(minutes=1)) == []
    assert {name for name, _ in provider.batches} >= {"prices"}


def test_a_batch_reads_the_records_at_once_and_writes_only_what_changed(
    spied: SpiedStore, provider: FakeBatchProvider
) -> None:
    provider.batch_sizes = {DataSet.PRICES: 5, DataSet.NEWS: 5}
    run(spied, provider)
    app = app_over(spied, SetClock(NOW + timedelta(hours=2)), provider)
    provider.at = NOW + timedelta(hours=2)
    items = [item for item in app.plan() if item.tickers]
    calls, writes = spied.calls, spied.writes

    for item in items:
        app.work(item)

    assert [item.tickers for item in items] == [("T1", "T2", "T3", "T4", "T5")]
    assert spied.writes - writes == 5  # when each was checked
    assert spied.calls - calls <= 3 + 5 * 2


@pytest.mark.parametrize("stop", range(0, 40, 3))
def test_a_stopped_batch_is_completed_by_the_next_run(stop: int) -> None:
    with opened() as undisturbed:
        run(undisturbed, with_data(FakeBatchProvider()))
        expected = undisturbed.contents()

    provider = with_data(FakeBatchProvider())
    with opened() as spied:
        spied.stop_before = spied.writes + stop
        with pytest.raises(StoppedError):
            run(spied, provider)
        spied.stop_before = None
        run(spied, provider)
        found = spied.contents()

    assert found == expected
