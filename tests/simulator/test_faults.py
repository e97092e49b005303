"""A random fault on every third response, and the tables end as they do without any."""

import gzip
import json
import random
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from signal9_core.ports import utc_now
from signal9_core.providers.simulator.replies import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS
from signal9_core.providers.simulator.simulator import Simulator, running
from tests.core.cli.shell import Shell
from tests.simulator.recent import SmallSample

from .conftest import KEY, contents, served_at

TODAY = utc_now().date()
COMPANIES = ("AAPL", "IBM")
FAULTS = {"alphavantage": ALPHAVANTAGE_FAULTS, "alpaca": ALPACA_FAULTS}


@pytest.fixture(scope="module", params=sorted(FAULTS))
def calm(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    """A provider, and the tables that it fills if nothing goes wrong."""
    shell = Shell(tmp_path_factory.mktemp("calm"))
    simulator = Simulator(SmallSample(TODAY), alpaca_per_minute=100_000)
    with pytest.MonkeyPatch.context() as patch, running(simulator) as address:
        served_at(patch, address)
        assert _everything(shell, request.param) == []
    return request.param, contents(shell.home)


@pytest.mark.parametrize("seed", [1, 9])
def test_faults_on_every_third_response_change_nothing_in_the_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    calm: tuple[str, dict[str, Any]],
    seed: int,
) -> None:
    provider, expected = calm
    chance, number = random.Random(seed), count(1)
    shell = Shell(tmp_path / "shaken")
    simulator = Simulator(
        SmallSample(TODAY),
        trouble=lambda _: chance.choice(FAULTS[provider]) if next(number) % 3 == 0 else None,
        alpaca_per_minute=100_000,
    )
    with running(simulator) as address:
        served_at(monkeypatch, address)
        failed = _everything(shell, provider)
        for _ in range(60):
            failed = [again for some in failed for again in _ingested(shell, provider, *some)]

    assert failed == []
    assert simulator.seen[f"{provider} faults"] >= 3
    assert contents(shell.home) == expected
    assert _replayed(shell.home, tmp_path / "rebuilt") == _without_runs(expected)
    for file in shell.home.rglob("*"):
        assert not file.is_file() or KEY.encode() not in _unpacked(file)


def _replayed(home: Path, elsewhere: Path) -> dict[str, Any]:
    """Return the contents of tables that were built from the raw cache of another home."""
    shell = Shell(elsewhere)
    assert shell.run("replay", str(home / "cache")).code == 0
    return _without_runs(contents(shell.home))


def _without_runs(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out when runs finished and lists were requested, which a replay does not note."""
    notes = re.compile(r"State (ingest|lists/(alpaca|alphavantage)) .*")
    return {name: item for name, item in found.items() if not notes.fullmatch(name)}


def _everything(shell: Shell, provider: str) -> list[list[str]]:
    """Ingest the lists, then all of some companies; return what to try again."""
    everything = (*COMPANIES, "--what", "all")
    return [*_ingested(shell, provider), *_ingested(shell, provider, *everything)]


def _unpacked(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


def _ingested(shell: Shell, provider: str, *arguments: str) -> list[list[str]]:
    """Ingest, and return the arguments that try again what failed."""
    found = shell.run("ingest", *arguments, "--provider", provider, "--json")
    failed = json.loads(found.out)["failed"]
    assert found.code == bool(failed)
    companies = [[item["ticker"], "--what", item["dataSet"]] for item in failed if item["ticker"]]
    return companies if len(companies) == len(failed) else [[], *companies]
