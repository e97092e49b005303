"""Signal9 against the simulator: what it serves is stored, and no call is wasted."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.prices import PriceSeries
from signal9_core.ports import utc_now
from signal9_core.providers.simulator.simulator import Simulator, running
from signal9_core.schemas.prices import PriceColumns
from signal9_core.settings import Settings
from tests.core.cli.shell import Shell
from tests.fakes import NOW, SetClock
from tests.simulator.recent import RecentSample, action

from .conftest import KEY, contents, served_at

COMPANIES = ("AAPL", "IBM", "FB", "GOOG", "MSFT")
TODAY = utc_now().date()
REPORTS = ["INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW", "EARNINGS"]
ADJUSTED = "TIME_SERIES_DAILY_ADJUSTED"
BARS = ["/v2/stocks/bars", "/v1/corporate-actions"]
NEWS = "/v1beta1/news"


def _bars() -> PriceSeries:
    history = RecentSample(TODAY).history("IBM")
    assert history is not None
    assert history.bars is not None
    return history.bars


@pytest.fixture(scope="module")
def recent() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(RecentSample(TODAY))
    with running(simulator) as address:
        yield simulator, address


@pytest.fixture
def shell(tmp_path: Path, recent: tuple[Simulator, str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    simulator, address = recent
    served_at(monkeypatch, address)
    simulator.asked.clear()
    return Shell(tmp_path / "home")


def test_a_day_of_the_free_plan_is_25_useful_calls_and_none_refused(tmp_path: Path) -> None:
    clock, on_the_way_s = SetClock(), cycle((0.45, 0, 0.2, 0.05))

    def arrival() -> datetime:
        return clock() + timedelta(seconds=next(on_the_way_s))

    simulator = Simulator(per_day=25, clock=arrival)
    with running(simulator) as address:
        options = {"alphavantage_key": KEY, "alphavantage_url": address, "home": tmp_path}
        settings = Settings.model_validate({"provider": "alphavantage", **options})
        with App(settings, clock=clock) as app:
            quota = app.quotas["alphavantage"]
            quota.sleep = lambda seconds: clock.move(seconds=seconds)
            answer = app.ingest(tickers=COMPANIES)
            level = quota.status()
            again = app.ingest(tickers=["AAPL"])
            useful = simulator.seen["alphavantage answered"]
            clock.move(days=1)
            tomorrow = app.ingest(tickers=["AAPL"])

    assert (useful, simulator.seen["alphavantage refused"]) == (25, 0)
    assert (level.left, level.refills_at > NOW) == (0, True)
    assert {failure.transient for failure in answer.failed} == {True}
    assert all("no call is left before" in failure.reason for failure in again.failed)
    assert (len(again.failed), len(tomorrow.failed)) == (4, 0)


@pytest.mark.parametrize("provider", ["alphavantage", "alpaca"])
def test_splits_and_dividends_adjust_what_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    bars = _bars()
    split_on, paid_on = bars.day(-50), bars.day(-20)
    actions = [
        action("IBM", "split", split_on, ratio=Decimal(4)),
        action("IBM", "dividend", paid_on, amount=Decimal("0.85")),
    ]
    shell, rebuilt = Shell(tmp_path / "home"), Shell(tmp_path / "rebuilt")
    with running(Simulator(RecentSample(TODAY, actions))) as address:
        served_at(monkeypatch, address)
        found = shell.run("ingest", "IBM", "--what", "prices", "--provider", provider, "--json")

    assert json.loads(found.out)["stored"]["actions"] == 2
    assert rebuilt.run("replay", str(shell.home / "cache")).code == 0
    assert contents(rebuilt.home) == contents(shell.home)
    close_of = {bar.day: bar.close for bar in bars}
    with App(Settings(home=shell.home)) as app:
        served = app.get_prices("IBM", first=bars.day(-60), adjusted=True).items
    assert not isinstance(served, PriceColumns)
    assert len(served) == 60
    for row in served:
        expected = close_of[row.date] / (1 if row.date >= split_on else 4)
        if row.date < paid_on:
            expected *= close_of[paid_on] / (close_of[paid_on] + Decimal("0.85"))
        assert abs(row.close - expected) <= Decimal("0.000001")


@pytest.mark.parametrize(
    ("provider", "what", "calls"),
    [
        ("alphavantage", "overview", ["OVERVIEW"]),
        ("alphavantage", "prices", [ADJUSTED]),
        ("alphavantage", "financials", REPORTS),
        ("alphavantage", "earnings", ["EARNINGS"]),
        ("alphavantage", "prices,earnings", [ADJUSTED, "EARNINGS"]),
        ("alphavantage", "all", ["OVERVIEW", ADJUSTED, *REPORTS, "NEWS_SENTIMENT"]),
        ("alpaca", "overview", []),
        ("alpaca", "financials", []),
        ("alpaca", "all", [*BARS, NEWS]),
    ],
)
def test_every_choice_costs_the_calls_that_it_needs(
    shell: Shell, recent: tuple[Simulator, str], provider: str, what: str, calls: list[str]
) -> None:
    found = shell.run("ingest", "IBM", "ibm", "--provider", provider, "--what", what)

    assert found.code == 0, found
    assert recent[0].asked == calls


@pytest.mark.parametrize(
    ("provider", "calls"),
    [("alphavantage", ["LISTING_STATUS", "EARNINGS_CALENDAR"]), ("alpaca", ["/v2/assets"])],
)
def test_without_companies_only_lists_are_requested(
    shell: Shell, recent: tuple[Simulator, str], provider: str, calls: list[str]
) -> None:
    refused = shell.run("ingest", "--provider", provider, "--what", "prices")
    assert (refused.code, refused.out, recent[0].asked) == (2, "", [])
    assert f"{provider} has too many companies to fetch all; name some" in refused.err

    assert shell.run("ingest", "--provider", provider).code == 0
    assert recent[0].asked == calls


def test_reports_that_were_not_requested_count_as_missing_until_they_are(shell: Shell) -> None:
    def complete() -> list[bool]:
        with App(Settings(home=shell.home)) as app:
            return [item.complete for item in app.get_asset("IBM").freshness.values()]

    for what, expected in (("earnings", False), ("financials", True), ("earnings", True)):
        shell.run("ingest", "IBM", "--provider", "alphavantage", "--what", what)
        assert complete() == [expected]


def test_a_request_may_ask_for_a_fault_itself(simulator: Simulator, address: str) -> None:
    params = {"function": "OVERVIEW", "symbol": "IBM", "apikey": "demo"}
    headers = {"X-Simulate-Fault": "premium_endpoint"}

    found = httpx2.get(f"{address}/query", params=params, headers=headers)

    assert "premium endpoint" in found.json()["Information"]


def test_more_calls_than_a_minute_has_are_refused_with_a_reset() -> None:
    simulator = Simulator(alpaca_per_minute=1, clock=SetClock())
    headers = {"apca-api-key-id": "demo", "apca-api-secret-key": "demo"}

    first, second = (simulator.reply("/v1beta1/news", {}, headers) for _ in range(2))

    assert (first.status, second.status) == (200, 429)
    reset = int((NOW + timedelta(minutes=1)).timestamp())
    assert second.headers["X-RateLimit-Reset"] == str(reset)
