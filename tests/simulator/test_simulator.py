"""Our own clients against the simulator: every fault on demand, and the end is the same."""

import gzip
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

from signal9_core.answers import PriceColumns
from signal9_core.app import build
from signal9_core.domain import Asset, CorporateAction, EarningsCalendarEntry
from signal9_core.ports import utc_now
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
    return _with_keys(monkeypatch)


def _with_keys(patch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("ALPHAVANTAGE_KEY", "ALPACA_KEY", "ALPACA_SECRET"):
        patch.setenv(f"SIGNAL9_{name}", KEY)
    patch.setenv("SIGNAL9_ALPHAVANTAGE_PER_MINUTE", "1200")
    patch.setenv("SIGNAL9_ALPACA_PER_MINUTE", "100000")
    return patch


def _served_at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("ALPHAVANTAGE_URL", "ALPACA_URL", "ALPACA_DATA_URL"):
        monkeypatch.setenv(f"SIGNAL9_{name}", address)


class SmallSample(RecentSample):
    """The sample with a short listing, dates to come, a split and a dividend."""

    def __init__(self) -> None:
        bars = RecentSample(TODAY).prices("IBM")
        assert bars is not None
        split = _action("split", bars.day(-50), ratio=Decimal(4))
        super().__init__(TODAY, [split, _action("dividend", bars.day(-20), amount=Decimal("0.85"))])

    def assets(self) -> list[Asset]:
        listed = list(super().assets())
        return [*(each for each in listed if each.ticker in COMPANIES), *listed[1000:1030]]

    def calendar(self) -> list[EarningsCalendarEntry]:
        return [
            EarningsCalendarEntry(
                ticker=each,
                report_date=TODAY + timedelta(days=at),
                fiscal_date_ending=TODAY,
                estimate=Decimal("1.5"),
                currency="USD",
            )
            for at, each in enumerate(COMPANIES)
        ]


def _troubled(provider: str, seed: int) -> Simulator:
    """A simulator of which every third response is a fault, of whatever kind."""
    faults = {
        "alphavantage": [each for each in ALPHAVANTAGE_FAULTS if each not in ANSWERS],
        "alpaca": list(ALPACA_FAULTS),
    }[provider]
    chance, number = random.Random(seed), count(1)
    return Simulator(
        SmallSample(),
        trouble=lambda _: chance.choice(faults) if next(number) % 3 == 0 else None,
        alpaca_per_minute=100_000,
    )


@pytest.fixture(scope="module", params=["alphavantage", "alpaca"])
def calm(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    """A provider, and the store that it fills where nothing goes wrong."""
    shell = Shell(tmp_path_factory.mktemp("calm"))
    with pytest.MonkeyPatch.context() as patch, running(_calm()) as address:
        _served_at(_with_keys(patch), address)
        assert _everything(shell, request.param) == []
    return request.param, _contents(shell.home)


def _calm() -> Simulator:
    return Simulator(SmallSample(), alpaca_per_minute=100_000)


@pytest.mark.parametrize("seed", [1, 2, 9])
def test_faults_on_every_third_response_change_nothing_in_the_end(
    tmp_path: Path,
    environment: pytest.MonkeyPatch,
    calm: tuple[str, dict[str, Any]],
    seed: int,
) -> None:
    provider, contents = calm
    shell, simulator = Shell(tmp_path / "shaken"), _troubled(provider, seed)
    with running(simulator) as address:
        _served_at(environment, address)
        failed = _everything(shell, provider)
        for _ in range(60):
            failed = [again for each in failed for again in _ingested(shell, provider, *each)]

    assert failed == []
    assert simulator.seen[f"{provider} faults"] >= 3
    assert _contents(shell.home) == contents
    assert _replayed(shell.home, tmp_path / "rebuilt") == _without_runs(contents)
    for file in shell.home.rglob("*"):
        assert not file.is_file() or KEY.encode() not in _unpacked(file)


def _replayed(home: Path, elsewhere: Path) -> dict[str, Any]:
    """Return what a store holds that was built from the cache of another one."""
    shell = Shell(elsewhere)
    assert shell.run("replay", str(home / "cache")).code == 0
    return _without_runs(_contents(shell.home))


def _without_runs(contents: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in contents.items() if not name.startswith("State ingest/")}


def _everything(shell: Shell, provider: str) -> list[list[str]]:
    """Ingest the lists, then all of some companies; return what to ask for again."""
    return [
        *_ingested(shell, provider),
        *_ingested(shell, provider, *COMPANIES[:2], "--what", "all"),
    ]


def _unpacked(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


def _ingested(shell: Shell, provider: str, *arguments: str) -> list[list[str]]:
    """Ingest, and return the arguments that ask again for what failed."""
    found = shell.run("ingest", *arguments, "--provider", provider, "--json")
    failed = json.loads(found.out)["failed"]
    assert found.code == bool(failed)
    companies = [[each["ticker"], "--what", each["dataSet"]] for each in failed if each["ticker"]]
    return companies if len(companies) == len(failed) else [[], *companies]


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
        moments = {"checkedAt", "fetchedAt", "finishedAt"}
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
    assert quotas["alpaca"]["left"] < 100_000
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
