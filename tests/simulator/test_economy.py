"""No call is wasted: whatever is asked for costs the calls that it needs, and no other."""

from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.ports import utc_now
from signal9_core.settings import Settings
from tests.core.cli.shell import Shell
from tests.simulator import RecentSample, Simulator

from .homes import served_at, with_keys

STATEMENTS = ["INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW"]
REPORTS = [*STATEMENTS, "EARNINGS"]
BARS = ["/v2/stocks/bars", "/v1/corporate-actions"]
NEWS = "/v1beta1/news"

CALLS = [
    ("alphavantage", "overview", ["OVERVIEW"]),
    ("alphavantage", "prices", ["TIME_SERIES_DAILY_ADJUSTED"]),
    ("alphavantage", "financials", REPORTS),
    ("alphavantage", "earnings", ["EARNINGS"]),
    ("alphavantage", "earnings,financials", REPORTS),
    ("alphavantage", "news", ["NEWS_SENTIMENT"]),
    ("alphavantage", "prices,earnings", ["TIME_SERIES_DAILY_ADJUSTED", "EARNINGS"]),
    ("alphavantage", "all", ["OVERVIEW", "TIME_SERIES_DAILY_ADJUSTED", *REPORTS, "NEWS_SENTIMENT"]),
    ("alpaca", "overview", []),
    ("alpaca", "prices", BARS),
    ("alpaca", "financials", []),
    ("alpaca", "earnings", []),
    ("alpaca", "news", [NEWS]),
    ("alpaca", "all", [*BARS, NEWS]),
]


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(RecentSample(utc_now().date()))


@pytest.fixture
def shell(
    tmp_path: Path, address: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    served_at(with_keys(monkeypatch), address)
    simulator.asked.clear()
    return Shell(tmp_path)


@pytest.mark.parametrize(("provider", "what", "calls"), CALLS)
def test_every_choice_costs_the_calls_that_it_needs(
    shell: Shell, simulator: Simulator, provider: str, what: str, calls: list[str]
) -> None:
    found = shell.run("ingest", "IBM", "--provider", provider, "--what", what)

    assert found.code == 0, found
    assert simulator.asked == calls


@pytest.mark.parametrize(
    ("provider", "calls"),
    [("alphavantage", ["LISTING_STATUS", "EARNINGS_CALENDAR"]), ("alpaca", ["/v2/assets"])],
)
def test_without_companies_only_what_is_of_all_of_them_is_asked_for(
    shell: Shell, simulator: Simulator, provider: str, calls: list[str]
) -> None:
    assert shell.run("ingest", "--provider", provider).code == 0

    assert simulator.asked == calls


@pytest.mark.parametrize("provider", ["alphavantage", "alpaca"])
def test_a_data_set_of_companies_that_nobody_named_costs_nothing(
    shell: Shell, simulator: Simulator, provider: str
) -> None:
    found = shell.run("ingest", "--provider", provider, "--what", "prices")

    assert (found.code, found.out) == (2, "")
    assert f"{provider} has too many companies to fetch all; name some" in found.err
    assert simulator.asked == []


def test_a_company_that_is_named_twice_is_asked_about_once(
    shell: Shell, simulator: Simulator
) -> None:
    shell.run("ingest", "IBM", "ibm", "--provider", "alphavantage", "--what", "overview")

    assert simulator.asked == ["OVERVIEW"]


def test_reports_that_were_not_asked_for_count_as_missing_until_they_are(
    shell: Shell,
) -> None:
    def complete() -> list[bool]:
        with App(Settings(home=shell.home)) as app:
            return [each.complete for each in app.get_asset("IBM").freshness.values()]

    for what, expected in (("earnings", False), ("financials", True), ("earnings", True)):
        shell.run("ingest", "IBM", "--provider", "alphavantage", "--what", what)
        assert complete() == [expected]
