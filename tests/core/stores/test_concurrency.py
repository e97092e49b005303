"""Many writers at once: nothing is lost, and nothing is half done."""

import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from signal9_core.errors import ConflictError
from signal9_core.ports import Store
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import ASSETS, STATE
from tests.fakes import SetClock

from .conftest import OpenStore
from .items import asset
from .writers import COUNTER, count_in_file, count_up

WRITERS = 8


@pytest.fixture(params=["file", "memory", "ministack"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store that threads share; moto is left out, since it mixes up concurrent writes itself."""
    if request.param == "ministack":
        open_ministack: OpenStore = request.getfixturevalue("open_ministack")
        with open_ministack(SetClock()) as store:
            yield store
    else:
        path = ":memory:" if request.param == "memory" else tmp_path / "market.db"
        with SqliteStore.open(path, clock=SetClock()) as store:
            yield store


def test_a_counter_of_many_threads_ends_at_the_exact_sum(shared: Store) -> None:
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda _: count_up(shared, 6), range(WRITERS)))

    stored = shared.get(STATE, COUNTER)
    assert stored is not None
    assert stored.item["count"] == 6 * WRITERS


def test_of_many_writers_over_one_version_exactly_one_wins(shared: Store) -> None:
    version = shared.put(ASSETS, asset("AAPL", writer=-1))

    def wins(writer: int) -> bool:
        try:
            shared.put(ASSETS, asset("AAPL", writer=writer), expected=version)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as threads:
        outcomes = list(threads.map(wins, range(WRITERS)))

    stored = shared.get(ASSETS, {"ticker": "AAPL"})
    assert stored is not None
    assert outcomes.count(True) == 1
    assert stored.item["writer"] == outcomes.index(True)


def test_every_new_item_is_written_by_exactly_one_of_many(shared: Store) -> None:
    tickers = [f"T{number}" for number in range(20)]

    def taken(writer: int) -> int:
        return len(shared.put_new(ASSETS, [asset(ticker, writer=writer) for ticker in tickers]))

    with ThreadPoolExecutor(WRITERS) as threads:
        refused = sum(threads.map(taken, range(WRITERS)))

    assert refused == (WRITERS - 1) * len(tickers)
    assert len(shared.get_many(ASSETS, [{"ticker": ticker} for ticker in tickers])) == len(tickers)


def test_processes_open_and_use_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "market.db"

    with multiprocessing.get_context("spawn").Pool(2) as processes:
        processes.starmap(count_in_file, [(path, 100)] * 2, chunksize=1)

    with SqliteStore.open(path) as store:
        stored = store.get(STATE, COUNTER)
        assert stored is not None
        assert stored.item["count"] == 200
        assert store.get(ASSETS, {"ticker": "T2499"}) is not None


def test_a_process_killed_while_writing_leaves_whole_transactions(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    program = (
        "import sys, pathlib\n"
        "from tests.core.stores.writers import fill_forever\n"
        "fill_forever(pathlib.Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        writer.kill()

    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL"))
        assert store.get(ASSETS, {"ticker": "T000000999"}) is not None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [(count,)] = connection.execute("SELECT count(*) FROM Assets").fetchall()
    assert count >= 2_001
    assert count % 1_000 == 1
