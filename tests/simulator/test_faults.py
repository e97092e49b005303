"""A random fault on every third response, and the store ends as it does without any."""

import gzip
import json
import random
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from signal9_core.ports import utc_now
from tests.core.cli.shell import Shell
from tests.simulator import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS, Simulator, SmallSample, running

from .homes import KEY, contents, served_at, with_keys

TODAY = utc_now().date()
COMPANIES = ("AAPL", "IBM")
ANSWERS = {"no_articles"}
"""Faults that are none: there is nothing, and that is the answer."""


def _troubled(provider: str, seed: int) -> Simulator:
    """A simulator of which every third response is a fault, of whatever kind."""
    faults = {
        "alphavantage": [each for each in ALPHAVANTAGE_FAULTS if each not in ANSWERS],
        "alpaca": list(ALPACA_FAULTS),
    }[provider]
    chance, number = random.Random(seed), count(1)
    return Simulator(
        SmallSample(TODAY),
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
        served_at(with_keys(patch), address)
        assert _everything(shell, request.param) == []
    return request.param, contents(shell.home)


def _calm() -> Simulator:
    return Simulator(SmallSample(TODAY), alpaca_per_minute=100_000)


@pytest.mark.parametrize("seed", [1, 2, 9])
def test_faults_on_every_third_response_change_nothing_in_the_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    calm: tuple[str, dict[str, Any]],
    seed: int,
) -> None:
    provider, expected = calm
    shell, simulator = Shell(tmp_path / "shaken"), _troubled(provider, seed)
    with running(simulator) as address:
        served_at(with_keys(monkeypatch), address)
        failed = _everything(shell, provider)
        for _ in range(60):
            failed = [again for each in failed for again in _ingested(shell, provider, *each)]

    assert failed == []
    assert simulator.seen[f"{provider} faults"] >= 3
    assert contents(shell.home) == expected
    assert _replayed(shell.home, tmp_path / "rebuilt") == _without_runs(expected)
    for file in shell.home.rglob("*"):
        assert not file.is_file() or KEY.encode() not in _unpacked(file)


def _replayed(home: Path, elsewhere: Path) -> dict[str, Any]:
    """Return what a store holds that was built from the cache of another one."""
    shell = Shell(elsewhere)
    assert shell.run("replay", str(home / "cache")).code == 0
    return _without_runs(contents(shell.home))


def _without_runs(found: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in found.items() if not name.startswith("State ingest/")}


def _everything(shell: Shell, provider: str) -> list[list[str]]:
    """Ingest the lists, then all of some companies; return what to ask for again."""
    return [
        *_ingested(shell, provider),
        *_ingested(shell, provider, *COMPANIES, "--what", "all"),
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
