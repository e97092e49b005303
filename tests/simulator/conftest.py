"""Simulators that listen, and homes that are filled from them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import stamina

from signal9_core.providers.simulator.simulator import Simulator, running

KEY = "secret-key-of-tests"


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture(scope="module")
def address(simulator: Simulator) -> Iterator[str]:
    with running(simulator) as address:
        yield address


def served_at(patch: pytest.MonkeyPatch, address: str) -> None:
    """Set the address of both providers, and keys of plans with many calls a minute."""
    for name in ("ALPHAVANTAGE_KEY", "ALPACA_KEY", "ALPACA_SECRET"):
        patch.setenv(f"SIGNAL9_{name}", KEY)
    for name in ("ALPHAVANTAGE_URL", "ALPACA_URL", "ALPACA_DATA_URL"):
        patch.setenv(f"SIGNAL9_{name}", address)
    for name in ("ALPHAVANTAGE_PER_MINUTE", "ALPACA_PER_MINUTE"):
        patch.setenv(f"SIGNAL9_{name}", "100000")


MOMENTS: Final = {
    "checkedAt",
    "fetchedAt",
    "finishedAt",
    "firstSeen",
    "history",
    "lastSeen",
    "listedAt",
    "reportsReceived",
    "requested",
    "requestedAt",
}
"""Attributes that say when something was requested."""


def contents(home: Path) -> dict[str, Any]:
    """Return every item of every table, without times of requests and counts of calls."""
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
        return {name: _timeless(item) for name, item in value.items() if name not in MOMENTS}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
