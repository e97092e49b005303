"""What becomes of database files: kept, refused unchanged, or left readable whatever happens."""

import gc
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from signal9_core.errors import StoreError, StoreUnavailableError
from signal9_core.stores import sqlite_schema
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.stores.sqlite_schema import SCHEMA_VERSION
from signal9_core.tables import ASSETS, STATE
from tests.fakes import SetClock

from .items import asset, lease

FORGED = b"SQLite format 3\0" + bytes(52) + b"S9DB" + bytes(4096)
"""Has our mark, and is not a database all the same."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "market.db"


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "some" / "where" / "market.db"
    with SqliteStore.open(path) as store:
        version = store.put(ASSETS, asset("AAPL"))

    with SqliteStore.open(str(path)) as store:
        assert store.get(ASSETS, {"ticker": "AAPL"}) == (asset("AAPL"), version)
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()

    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL"))


@pytest.mark.parametrize("content", [b"x", b"ticker,name\nAAPL,Apple\n" * 100, FORGED])
def test_a_file_that_is_not_a_database_is_refused_unchanged(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"market\.db: "):
        SqliteStore.open(path)

    assert files_in(path.parent) == {path.name: content}


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database_of_something_else_is_refused_unchanged(path: Path, journal: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = files_in(path.parent)

    with pytest.raises(StoreError, match="not a Signal9 database"):
        SqliteStore.open(path)

    assert files_in(path.parent) == before


@pytest.mark.parametrize(("step", "age"), [(1, "a newer"), (-1, "an older")])
def test_a_database_of_another_version_is_refused_unchanged(
    path: Path, step: int, age: str
) -> None:
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + step}")
    before = files_in(path.parent)

    with pytest.raises(StoreError, match=f"made by {age} Signal9"):
        SqliteStore.open(path)

    assert files_in(path.parent) == before


def test_a_place_that_cannot_be_a_file_is_refused(tmp_path: Path, path: Path) -> None:
    path.touch()

    with pytest.raises(StoreError, match="a folder, not a database file"):
        SqliteStore.open(tmp_path)
    with pytest.raises(StoreError, match=r"market\.db"):
        SqliteStore.open(path / "below.db")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be a user for whom permissions count."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that others may look into, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o644, 0o555)])
def test_a_file_or_folder_that_may_not_be_written_can_be_read(
    shared_folder: Path, file_mode: int, folder_mode: int
) -> None:
    path = shared_folder / "market.db"
    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL"))
    path.chmod(file_mode)
    shared_folder.chmod(folder_mode)

    with unprivileged(), SqliteStore.open(path) as store:
        assert store.get(ASSETS, {"ticker": "AAPL"}) is not None
        with pytest.raises(StoreError, match=r"market\.db: read-only, since"):
            store.put(ASSETS, asset("MSFT"))

    assert files_in(shared_folder).keys() == {path.name}


def test_what_another_process_has_just_written_is_read_from_its_log(shared_folder: Path) -> None:
    path = shared_folder / "market.db"
    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL"))
        shared_folder.chmod(0o555)

        with unprivileged(), SqliteStore.open(path) as reader:
            assert reader.get(ASSETS, {"ticker": "AAPL"}) is not None


def test_a_place_that_may_not_be_written_is_refused_where_there_is_nothing_to_read(
    shared_folder: Path,
) -> None:
    (shared_folder / "empty.db").touch()
    shared_folder.chmod(0o555)

    with unprivileged(), pytest.raises(StoreError, match=f"{shared_folder} is not writable$"):
        SqliteStore.open(shared_folder / "new.db")
    with unprivileged(), pytest.raises(StoreError, match="an empty file, not a database"):
        SqliteStore.open(shared_folder / "empty.db")
    with unprivileged(), pytest.raises(StoreError, match="Permission denied"):
        SqliteStore.open(shared_folder / "below" / "market.db")


def test_a_damaged_file_is_a_store_error(path: Path) -> None:
    with SqliteStore.open(path) as store:
        store.put_many(ASSETS, [asset(f"T{n}", text="x" * 500) for n in range(200)])
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (path.stat().st_size - 8192))

    with pytest.raises(StoreError, match="malformed"), SqliteStore.open(path) as store:
        store.get(ASSETS, {"ticker": "T1"})


def test_a_file_that_another_process_writes_to_can_be_read_and_is_unavailable_to_writers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_schema, "_BUSY_TIMEOUT_S", 0.01)
    with SqliteStore.open(path) as store, closing(sqlite3.connect(path)) as other:
        store.put(ASSETS, asset("AAPL"))
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailableError, match="busy with another process") as raised:
            store.put(ASSETS, asset("MSFT"))

        assert raised.value.transient
        assert store.get(ASSETS, {"ticker": "AAPL"}) is not None
        other.rollback()
        store.put(ASSETS, asset("MSFT"))


def test_a_file_that_cannot_be_prepared_now_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_schema, "_BUSY_TIMEOUT_S", 0.02)
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailableError, match="busy with another process"):
            SqliteStore.open(path)


def test_a_refused_item_leaves_its_chunk_unwritten_and_the_store_usable(path: Path) -> None:
    with SqliteStore.open(path) as store:
        with pytest.raises(StoreError, match="T1"):
            store.put_many(ASSETS, [asset("T0"), asset("T1", n=1.5)])  # type: ignore[arg-type]

        assert store.get(ASSETS, {"ticker": "T0"}) is None
        store.put(ASSETS, asset("T0"))


def test_a_closed_store_says_so_and_one_that_was_forgotten_closes_itself(path: Path) -> None:
    store = SqliteStore.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.get(ASSETS, {"ticker": "AAPL"})

    forgotten = SqliteStore.open(path)
    del forgotten
    gc.collect()
    assert list(path.parent.iterdir()) == [path]


def test_opening_removes_what_has_expired(path: Path) -> None:
    clock = SetClock()
    now = int(clock().timestamp())
    with SqliteStore.open(path, clock=clock) as store:
        store.put_many(STATE, [lease("old", now + 1), lease("new", now + 60), lease("ever")])
    clock.move(seconds=2)
    SqliteStore.open(path, clock=clock).close()

    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT partition FROM State ORDER BY 1").fetchall()
    assert rows == [("ever",), ("new",)]


def test_the_log_stays_small_however_much_is_written(path: Path) -> None:
    largest = 0
    with SqliteStore.open(path) as store:
        for run in range(40):
            store.put_many(ASSETS, [asset(f"{n}#{run}", text="x" * 400) for n in range(500)])
            largest = max(largest, path.with_name("market.db-wal").stat().st_size)

    assert largest < 8 * 1024 * 1024


def test_a_full_disk_is_named_and_what_was_stored_before_can_be_read(path: Path) -> None:
    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL"))
        ((pages,),) = store._connection.execute("PRAGMA page_count").fetchall()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StoreError, match=r"market\.db: the disk is full"):
            store.put_many(ASSETS, [asset(f"T{n}", text="x" * 900) for n in range(99)])

        assert store.get(ASSETS, {"ticker": "AAPL"}) is not None
