"""Killed anywhere, and resumed: the same store and the same events as without."""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import TABLES
from tests.fakes import SetClock
from tests.simulation.killing import Killing, deliver_later, prepare, run
from tests.simulation.world import KilledError

from .test_interrupted import changed_provider

POINTS = 200
SYSTEM_KILLS = 4


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it is before the run that is killed."""
    path = tmp_path_factory.mktemp("killed") / "prepared.db"
    with _opened(path) as store:
        prepare(store)
    return path


@pytest.fixture(scope="module")
def undisturbed(prepared: Path) -> tuple[dict[str, Any], set[str], int]:
    """What is stored and published without any kill, and at how many points one is possible."""
    path, killing = _copied(prepared, "undisturbed"), Killing()
    events = _run(path, killing)
    assert len(events) > 5
    return _contents(path), set(events), killing.count


def test_killed_at_random_points_a_run_is_completed_by_the_next(
    prepared: Path, undisturbed: tuple[dict[str, Any], set[str], int]
) -> None:
    contents, events, count = undisturbed
    points = random.Random(12).sample(range(count), min(POINTS, count))
    assert len(points) == POINTS

    for point in points:
        path = _copied(prepared, "killed")
        heard = _run(path, Killing(point))
        heard += _resume(path)

        assert _contents(path) == contents, f"killed at point {point} of {count}"
        assert set(heard) == events, f"killed at point {point} of {count}"


def test_killed_by_the_system_a_run_is_completed_by_the_next(
    prepared: Path, undisturbed: tuple[dict[str, Any], set[str], int]
) -> None:
    contents, events, count = undisturbed

    for number in range(SYSTEM_KILLS):
        path = _copied(prepared, "killed-by-system")
        point = count * (2 * number + 1) // (2 * SYSTEM_KILLS)
        command = [sys.executable, "-m", "tests.simulation.killing", str(path), str(point)]
        done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
        assert done.returncode == -9, done.stderr
        heard = done.stdout.splitlines() + _resume(path)

        assert _contents(path) == contents, f"killed at point {point} of {count}"
        assert set(heard) == events, f"killed at point {point} of {count}"


def _run(path: Path, killing: Killing) -> list[str]:
    """Run until the kill, if there is one; return the events that were published."""
    heard: list[str] = []
    with _opened(path) as store:
        try:
            run(store, killing, lambda event: heard.append(event.model_dump_json()))
        except KilledError:
            assert killing.point is not None
    return heard


def _resume(path: Path) -> list[str]:
    """Do what is left; return the events that were published."""
    heard = _run(path, Killing())
    with _opened(path) as store:
        deliver_later(store)
    return heard


@contextmanager
def _opened(path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(path, clock=SetClock(changed_provider().at)) as store:
        yield store


def _copied(path: Path, name: str) -> Path:
    copy = path.with_name(f"{name}.db")
    for old in path.parent.glob(f"{name}.db*"):
        old.unlink()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(file, path.parent / file.name.replace(path.name, copy.name))
    return copy


def _contents(path: Path) -> dict[str, Any]:
    """Return every item of every table, without its version, and without when it was sent."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in TABLES:
            rows = connection.execute(f"SELECT partition, sort, body FROM {table.name}")
            for partition, sort, body in rows:
                item = json.loads(body)
                item.pop("attempts", None)
                is_sent = item.pop("sentAt", None) is not None
                found[f"{table.name} {partition} {sort}"] = item, is_sent
    return found
