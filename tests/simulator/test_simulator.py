"""Our own clients against the simulator: every fault on demand, and the end is the same."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stamina
from pydantic import SecretStr

from signal9_core.answers import PriceColumns
from signal9_core.app import build
from signal9_core.domain import CorporateAction
from signal9_core.errors import ProviderError
from signal9_core.ports import utc_now
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.sample import SampleProvider
from signal9_core.settings import Settings
from tests.core.cli.shell import Shell
from tests.fakes import NOW, SetClock
from tests.simulator import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS, RecentSample, Simulator, running

KEY = "secret-key-of-tests"
COMPANIES = ("AAPL", "IBM", "FB", "GOOG", "MSFT")
TODAY = utc_now().date()
ANSWERS = {"no_articles"}
"""Faults that are none: there is nothing, and that is the answer."""


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_KEY", KEY)
    monkeypatch.setenv("SIGNAL9_ALPACA_KEY", KEY)
    monkeypatch.setenv("SIGNAL9_ALPACA_SECRET", KEY)
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_PER_MINUTE", "1200")
    return monkeypatch


def _served_at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("ALPHAVANTAGE_URL", "ALPACA_URL", "ALPACA_DATA_URL"):
        monkeypatch.setenv(f"SIGNAL9_{name}", address)


def _troubled(provider: str) -> Simulator:
    """A simulator of which every third response is a fault, of whatever kind."""
    faults = {
        "alphavantage": [each for each in ALPHAVANTAGE_FAULTS if each not in ANSWERS],
        "alpaca": list(ALPACA_FAULTS),
    }[provider]
    chance, number = random.Random(9), count(1)
    return Simulator(
        RecentSample(TODAY),
        trouble=lambda _: chance.choice(faults) if next(number) % 3 == 0 else None,
        alpaca_per_minute=100_000,
    )


@pytest.mark.parametrize("provider", ["alphavantage", "alpaca"])
def test_faults_on_every_third_response_change_nothing_in_the_end(
    tmp_path: Path, environment: pytest.MonkeyPatch, provider: str
) -> None:
    environment.setenv("SIGNAL9_ALPACA_PER_MINUTE", "100000")
    companies = COMPANIES[: 2 if provider == "alphavantage" else None]
    calm, shaken = Shell(tmp_path / "calm"), Shell(tmp_path / "shaken")
    with running(Simulator(RecentSample(TODAY), alpaca_per_minute=100_000)) as address:
        _served_at(environment, address)
        assert _ingested(calm, provider, *companies) == []

    simulator = _troubled(provider)
    with running(simulator) as address:
        _served_at(environment, address)
        failed = _ingested(shaken, provider, *companies)
        assert failed
        for _ in range(60):
            failed = [
                again
                for each in failed
                for again in _ingested(shaken, provider, each["ticker"], "--what", each["dataSet"])
            ]

    assert failed == []
    assert simulator.seen[f"{provider} faults"] >= 3
    assert _contents(shaken.home) == _contents(calm.home)
    for file in shaken.home.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


def _ingested(shell: Shell, provider: str, *arguments: str) -> list[dict[str, str]]:
    """Ingest, and return what failed."""
    found = shell.run("ingest", *arguments, "--provider", provider, "--json")
    failed: list[dict[str, str]] = json.loads(found.out)["failed"]
    assert found.code == bool(failed)
    return failed


def _contents(home: Path) -> dict[str, Any]:
    """Return every item of every table, but when it was fetched, and what counts calls."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(home / "signal9.db")) as connection:
        for table in ("Assets", "Financials", "News", "TimeSeries", "State"):
            rows = connection.execute(f"SELECT partition, sort, body FROM {table}").fetchall()
            for partition, sort, body in rows:
                if not str(partition).startswith(("quota/", "notified/", "cursor-key")):
                    found[f"{table} {partition} {sort}"] = _timeless(json.loads(body))
    assert len(found) > 10
    return found


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        moments = {"fetchedAt", "checkedAt"}
        return {name: _timeless(each) for name, each in value.items() if name not in moments}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def test_a_day_of_the_free_plan_is_25_useful_calls_and_none_refused(tmp_path: Path) -> None:
    clock = SetClock()
    simulator = Simulator(per_day=25, clock=clock)
    with running(simulator) as address:
        settings = Settings.model_validate(
            {
                "home": tmp_path,
                "provider": "alphavantage",
                "alphavantage_key": KEY,
                "alphavantage_url": address,
            }
        )
        with build(settings, clock=clock) as app:
            quota = app.quotas.of("alphavantage")
            assert quota is not None
            quota.sleep = lambda seconds: clock.move(seconds=seconds)
            answer = app.ingest(tickers=COMPANIES)
            assert [(each.left, each.refills_at > NOW) for each in app.quotas.status()] == [
                (0, True)
            ]
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
        _served_at(environment, address)
        for provider, what in (("alphavantage", "overview,earnings"), ("alpaca", "prices,news")):
            found = shell.run("ingest", "IBM", "--what", what, "--provider", provider)
            assert found.code == 0, found

    status = json.loads(shell.run("status", "--json").out)
    quotas = {each["provider"]: each for each in status["quotas"]}
    assert quotas["alphavantage"]["limit"] == 1200
    assert quotas["alpaca"]["left"] < 200
    with build(Settings(home=shell.home)) as app:
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
        _action("split", split_on, ratio=Decimal(4)),
        _action("dividend", paid_on, amount=Decimal("0.85")),
    ]
    shell, rebuilt = Shell(tmp_path / "home"), Shell(tmp_path / "rebuilt")
    with running(Simulator(RecentSample(TODAY, actions))) as address:
        _served_at(environment, address)
        found = shell.run("ingest", "IBM", "--what", "prices", "--provider", provider, "--json")

    assert json.loads(found.out)["stored"]["actions"] == 2
    assert rebuilt.run("replay", str(shell.home / "cache")).code == 0
    assert _contents(rebuilt.home) == _contents(shell.home)
    close_of = dict(zip(map(bars.day, range(len(bars))), bars.prices("close"), strict=True))
    kept = close_of[paid_on] / (close_of[paid_on] + Decimal("0.85"))
    for home in (shell.home, rebuilt.home):
        with build(Settings(home=home)) as app:
            served = app.get_prices("IBM", first=bars.day(-60), adjusted=True).items
            assert not isinstance(served, PriceColumns)
            assert len(served) == 60
            for bar in served:
                factor = Decimal(1) if bar.date >= paid_on else kept
                factor /= 1 if bar.date >= split_on else 4
                assert abs(bar.close - close_of[bar.date] * factor) <= Decimal("0.000001")


def _action(kind: str, day: date, **figure: Decimal) -> CorporateAction:
    return CorporateAction.model_validate({"ticker": "IBM", "kind": kind, "exDate": day, **figure})


def _sample_close(ticker: str) -> object:
    series = SampleProvider().prices(ticker)
    assert series is not None
    return series.price("close", -1)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture(scope="module")
def address(simulator: Simulator) -> Iterator[str]:
    with running(simulator) as address:
        yield address


@pytest.mark.parametrize("name", [each for each in ALPHAVANTAGE_FAULTS if each not in ANSWERS])
def test_every_fault_of_alphavantage_is_an_error_without_the_key(
    simulator: Simulator, address: str, name: str
) -> None:
    simulator.trouble = lambda _: name
    with (
        AlphaVantageClient(_secret(), base_url=address) as client,
        pytest.raises(ProviderError) as raised,
    ):
        client.overview("IBM")

    assert KEY not in str(raised.value)


@pytest.mark.parametrize("name", ALPACA_FAULTS)
def test_every_fault_of_alpaca_is_an_error_without_the_key(
    simulator: Simulator, address: str, name: str
) -> None:
    simulator.trouble = lambda _: name
    with (
        AlpacaClient(_secret(), _secret(), trading_url=address, data_url=address) as client,
        pytest.raises(ProviderError) as raised,
    ):
        client.news(["IBM"], NOW)

    assert KEY not in str(raised.value)


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


def _secret() -> SecretStr:
    return SecretStr(KEY)
