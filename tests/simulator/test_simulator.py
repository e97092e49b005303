"""Our own clients against the simulator: every fault on demand, and the end is the same."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.ports import utc_now
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.schemas import PriceColumns
from signal9_core.settings import Settings
from tests.core.cli.shell import Shell
from tests.fakes import NOW, SetClock
from tests.simulator import RecentSample, Simulator, SmallSample, action, running

from .homes import KEY, contents, served_at, with_keys

COMPANIES = ("AAPL", "IBM", "FB", "GOOG", "MSFT")
TODAY = utc_now().date()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return with_keys(monkeypatch)


def test_a_day_of_the_free_plan_is_25_useful_calls_and_none_refused(tmp_path: Path) -> None:
    clock, on_the_way_s = SetClock(), cycle((0.45, 0, 0.2, 0.05))

    def arrival() -> datetime:
        return clock() + timedelta(seconds=next(on_the_way_s))

    simulator = Simulator(per_day=25, clock=arrival)
    with running(simulator) as address:
        settings = Settings.model_validate(
            {
                "home": tmp_path,
                "provider": "alphavantage",
                "alphavantage_key": KEY,
                "alphavantage_url": address,
            }
        )
        with App(settings, clock=clock) as app:
            quota = app.quotas["alphavantage"]
            quota.sleep = lambda seconds: clock.move(seconds=seconds)
            answer = app.ingest(tickers=COMPANIES)
            assert [(level.left, level.refills_at > NOW) for level in quota.levels()] == [(0, True)]
            again = app.ingest(tickers=["AAPL"])
            useful = simulator.seen["alphavantage answered"]
            clock.move(days=1)
            tomorrow = app.ingest(tickers=["AAPL"])

    assert useful == 25
    assert simulator.seen["alphavantage refused"] == 0
    assert {each.transient for each in answer.failed} == {True}
    assert all("no call is left before" in each.reason for each in again.failed)
    assert len(again.failed) == 4
    assert not tomorrow.failed


def test_what_the_simulator_serves_is_what_is_stored(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path / "home")
    with running(Simulator(RecentSample(TODAY))) as address:
        served_at(environment, address)
        for provider, what in (("alphavantage", "overview,earnings"), ("alpaca", "prices,news")):
            found = shell.run("ingest", "IBM", "--what", what, "--provider", provider)
            assert found.code == 0, found

    status = json.loads(shell.run("status", "--json").out)
    quotas = {each["provider"]: each for each in status["quotas"]}
    assert quotas["alphavantage"]["limit"] == 1200
    assert quotas["alpaca"]["left"] < 100_000
    with App(Settings(home=shell.home)) as app:
        assert app.prices.between("IBM").prices("close")[-1] == _sample_close("IBM")
        assert app.replay().changed == 0


@pytest.mark.parametrize("provider", ["alphavantage", "alpaca"])
def test_splits_and_dividends_of_the_simulator_adjust_what_is_served(
    tmp_path: Path, environment: pytest.MonkeyPatch, provider: str
) -> None:
    bars = RecentSample(TODAY).prices("IBM")
    assert bars is not None
    split_on, paid_on = bars.day(-50), bars.day(-20)
    actions = [
        action("IBM", "split", split_on, ratio=Decimal(4)),
        action("IBM", "dividend", paid_on, amount=Decimal("0.85")),
    ]
    shell, rebuilt = Shell(tmp_path / "home"), Shell(tmp_path / "rebuilt")
    with running(Simulator(RecentSample(TODAY, actions))) as address:
        served_at(environment, address)
        found = shell.run("ingest", "IBM", "--what", "prices", "--provider", provider, "--json")

    assert json.loads(found.out)["stored"]["actions"] == 2
    assert rebuilt.run("replay", str(shell.home / "cache")).code == 0
    assert contents(rebuilt.home) == contents(shell.home)
    close_of = dict(zip(map(bars.day, range(len(bars))), bars.prices("close"), strict=True))
    kept = close_of[paid_on] / (close_of[paid_on] + Decimal("0.85"))
    for home in (shell.home, rebuilt.home):
        with App(Settings(home=home)) as app:
            served = app.get_prices("IBM", first=bars.day(-60), adjusted=True).items
            assert not isinstance(served, PriceColumns)
            assert len(served) == 60
            for bar in served:
                factor = Decimal(1) if bar.date >= paid_on else kept
                factor /= 1 if bar.date >= split_on else 4
                assert abs(bar.close - close_of[bar.date] * factor) <= Decimal("0.000001")


def test_every_function_of_alphavantage_is_answered() -> None:
    simulator = Simulator(SmallSample(TODAY))
    with (
        running(simulator) as address,
        AlphaVantageClient(SecretStr(KEY), base_url=address) as client,
    ):
        answers = [
            client.daily("IBM", full=True),
            client.daily_adjusted("IBM", full=True),
            client.intraday("IBM", 60, month=f"{TODAY - timedelta(days=60):%Y-%m}"),
            client.splits("IBM"),
            client.dividends("IBM"),
            client.overview("IBM"),
            client.income_statements("IBM"),
            client.balance_sheets("IBM"),
            client.cash_flows("IBM"),
            client.earnings("IBM"),
            client.earnings_calendar("IBM"),
            client.listing(),
            client.news("IBM"),
            client.search("IBM"),
        ]

    assert all(answers)
    assert len(set(simulator.asked)) == len(answers)


def test_every_path_of_alpaca_is_answered() -> None:
    simulator = Simulator(SmallSample(TODAY))
    secret, long_ago = SecretStr(KEY), TODAY - timedelta(days=90)
    with (
        running(simulator) as address,
        AlpacaClient(secret, secret, trading_url=address, data_url=address) as client,
    ):
        answers = [
            client.assets(),
            client.daily_bars(["IBM", "AAPL"], long_ago),
            client.corporate_actions(["IBM"], long_ago),
            client.news(["IBM"]),
        ]

    assert all(answers)
    assert len(set(simulator.asked)) == len(answers)


def _sample_close(ticker: str) -> object:
    series = SampleProvider().prices(ticker)
    assert series is not None
    return series.price("close", -1)


def test_a_request_may_ask_for_a_fault_itself(simulator: Simulator, address: str) -> None:
    simulator.trouble = lambda _: None
    params = {"function": "OVERVIEW", "symbol": "IBM", "apikey": "demo"}

    found = httpx2.get(
        f"{address}/query", params=params, headers={"X-Simulate-Fault": "premium_endpoint"}
    )

    assert "premium endpoint" in found.json()["Information"]


def test_more_calls_than_a_minute_has_are_refused_with_a_reset() -> None:
    simulator = Simulator(alpaca_per_minute=1, clock=SetClock())
    headers = {"apca-api-key-id": "demo", "apca-api-secret-key": "demo"}

    first, second = (simulator.reply("/v1beta1/news", {}, headers) for _ in range(2))

    assert (first.status, second.status) == (200, 429)
    reset = int((NOW + timedelta(minutes=1)).timestamp())
    assert second.headers["X-RateLimit-Reset"] == str(reset)
