"""Homes that are filled from a simulator: how to get there, and what is in them afterwards."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

KEY = "secret-key-of-tests"


def with_keys(patch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set keys that the simulator takes, of plans with many calls a minute."""
    for name in ("ALPHAVANTAGE_KEY", "ALPACA_KEY", "ALPACA_SECRET"):
        patch.setenv(f"SIGNAL9_{name}", KEY)
    patch.setenv("SIGNAL9_ALPHAVANTAGE_PER_MINUTE", "1200")
    patch.setenv("SIGNAL9_ALPACA_PER_MINUTE", "100000")
    return patch


def served_at(patch: pytest.MonkeyPatch, address: str) -> None:
    """Have both providers asked at an address."""
    for name in ("ALPHAVANTAGE_URL", "ALPACA_URL", "ALPACA_DATA_URL"):
        patch.setenv(f"SIGNAL9_{name}", address)


def contents(home: Path) -> dict[str, Any]:
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
