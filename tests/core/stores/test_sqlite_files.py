"""What becomes of database files: kept, refused unchanged, or left readable whatever happens."""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from signal9_core.errors import IncompatibleStoreError, StoreError, StoreUnavailableError
from signal9_core.ports import Span
from signal9_core.stores import sqlite as sqlite_files
from signal9_core.stores.sqlite import ConnectionPool, SqliteStore, TableSql, query_of
from signal9_core.stores.values import select
from signal9_core.tables import ASSETS, MONTH_INDEX, NEWS, STATE, TABLES, TableSpec
from tests.fakes import SetClock

from .items import asset, lease

SCHEMAS = {1: "2ce18efa1616e2a1"}
"""What the tables of each schema version are, as a digest of their statements."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "market.db"


def everything_in(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    with SqliteStore.open(path) as store:
        version = store.put(ASSETS, asset("AAPL"))

    with SqliteStore.open(str(path)) as store:
        assert store.get(ASSETS, {"ticker": "AAPL"}) == (asset("AAPL"), version)
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "some" / "where" / "market.db"

    SqliteStore.open(path).close()

    assert path.is_file()


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()

    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL"))


def test_stores_in_memory_are_apart() -> None:
    with SqliteStore.open(":memory:") as first, SqliteStore.open(":memory:") as second:
        first.put(ASSETS, asset("AAPL"))

        assert second.get(ASSETS, {"ticker": "AAPL"}) is None


FORGED = b"SQLite format 3\0" + bytes(52) + b"S9DB" + bytes(4096)
"""Has our mark, and is no database all the same."""


@pytest.mark.parametrize("content", [b"x", b"ticker,name\nAAPL,Apple\n" * 100, FORGED])
def test_a_file_that_is_no_database_is_refused_unchanged(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(IncompatibleStoreError, match=r"market\.db: not a Signal9 database$"):
        SqliteStore.open(path)

    assert everything_in(path.parent) == {path.name: content}


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database_of_something_else_is_refused_unchanged(path: Path, journal: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = everything_in(path.parent)

    with pytest.raises(IncompatibleStoreError, match="not a Signal9 database"):
        SqliteStore.open(path)

    assert everything_in(path.parent) == before


def test_a_database_of_a_newer_version_is_refused_unchanged(path: Path) -> None:
    SqliteStore.open(path).close()
    newer = sqlite_files.SCHEMA_VERSION + 1
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    before = everything_in(path.parent)

    with pytest.raises(IncompatibleStoreError, match=f"newer Signal9 \\(schema {newer};"):
        SqliteStore.open(path)

    assert everything_in(path.parent) == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a folder, not a database file"):
        SqliteStore.open(tmp_path)


def test_a_path_below_a_file_is_refused(path: Path) -> None:
    path.touch()

    with pytest.raises(StoreError, match=r"market\.db"):
        SqliteStore.open(path / "below.db")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be someone for whom permissions count."""
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


def test_a_file_that_may_not_be_written_is_refused(shared_folder: Path) -> None:
    path = shared_folder / "market.db"
    SqliteStore.open(path).close()
    path.chmod(0o444)
    shared_folder.chmod(0o777)

    with unprivileged(), pytest.raises(StoreError, match=r"market\.db: not writable$"):
        SqliteStore.open(path)


def test_a_folder_that_may_not_be_written_is_refused(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)

    with unprivileged(), pytest.raises(StoreError, match=f"{shared_folder}: not writable$"):
        SqliteStore.open(shared_folder / "market.db")
    with unprivileged(), pytest.raises(StoreError, match="Permission denied"):
        SqliteStore.open(shared_folder / "below" / "market.db")


def test_a_damaged_file_is_told_as_such(path: Path) -> None:
    with SqliteStore.open(path) as store:
        store.put_many(ASSETS, [asset(f"T{n}", text="x" * 500) for n in range(200)])
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (path.stat().st_size - 8192))

    with pytest.raises(StoreError, match="malformed"), SqliteStore.open(path) as store:
        store.get(ASSETS, {"ticker": "T1"})


def test_a_file_that_another_process_keeps_busy_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_files, "_BUSY_TIMEOUT_S", 0.01)
    with SqliteStore.open(path) as store, closing(sqlite3.connect(path)) as other:
        store.put(ASSETS, asset("AAPL"))
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailableError, match="another process keeps it busy") as raised:
            store.put(ASSETS, asset("MSFT"))

        assert raised.value.transient
        assert store.get(ASSETS, {"ticker": "AAPL"}) is not None
        other.rollback()
        store.put(ASSETS, asset("MSFT"))


def test_a_file_that_cannot_be_prepared_now_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_files, "_BUSY_TIMEOUT_S", 0.02)
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailableError, match="another process keeps it busy"):
            SqliteStore.open(path)


def test_a_transaction_that_fails_halfway_leaves_nothing() -> None:
    with closing(sqlite_files.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE numbers (n)")

        with pytest.raises(sqlite3.Error), sqlite_files.transaction(connection):
            connection.executemany("INSERT INTO numbers VALUES (?)", [(1,), ({},)])

        assert connection.execute("SELECT * FROM numbers").fetchall() == []


def test_a_connection_that_is_lent_is_closed_when_it_comes_back(path: Path) -> None:
    pool = ConnectionPool("x", partial(sqlite_files.connect, path), 2)

    with pool.reading() as connection:
        pool.close()
        connection.execute("SELECT 1")

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_table_of_something_else_is_refused() -> None:
    with SqliteStore.open(":memory:") as store, pytest.raises(StoreError, match="no table 'Bonds'"):
        store.get(TableSpec("Bonds", "isin"), {"isin": "US0378331005"})


def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteStore.open(path)
    store.close()

    with pytest.raises(StoreError, match="already closed"):
        store.get(ASSETS, {"ticker": "AAPL"})


def test_a_refused_item_leaves_its_chunk_unwritten_and_the_store_usable(path: Path) -> None:
    with SqliteStore.open(path) as store:
        with pytest.raises(StoreError, match="T1"):
            store.put_many(ASSETS, [asset("T0"), asset("T1", n=1.5)])  # type: ignore[arg-type]

        assert store.get(ASSETS, {"ticker": "T0"}) is None
        store.put(ASSETS, asset("T0"))


def test_opening_clears_away_what_has_expired(path: Path) -> None:
    clock = SetClock()
    now = int(clock().timestamp())
    with SqliteStore.open(path, clock=clock) as store:
        store.put_many(STATE, [lease("old", now + 1), lease("new", now + 60), lease("ever")])
    clock.move(seconds=2)
    SqliteStore.open(path, clock=clock).close()

    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT partition FROM State ORDER BY 1").fetchall()
    assert rows == [("ever",), ("new",)]


def test_bodies_can_be_read_by_a_person(path: Path) -> None:
    with SqliteStore.open(path) as store:
        store.put(ASSETS, asset("AAPL", name="Äpfel", raw=b"\xff"))

    with closing(sqlite3.connect(path)) as connection:
        [(body,)] = connection.execute("SELECT body FROM Assets").fetchall()
    assert body == '{"ticker":"AAPL","name":"Äpfel","raw":{"$bytes":"/w=="}}'


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("choice", [{}, {"span": Span("1", "3")}, {"prefix": "2"}])
def test_no_query_reads_beyond_its_part_of_the_table(
    choice: dict[str, str], *, newest_first: bool
) -> None:
    table_cursor = {"ticker": "AAPL", "timestamp": "2"}
    questions = [
        (None, "AAPL", table_cursor),
        (MONTH_INDEX, "2024-01", {**table_cursor, "month": "2024-01"}),
    ]
    given = {"span": None, "prefix": None, "limit": 10} | choice
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in TableSql.of(NEWS).create:
            connection.execute(statement)
        for index, partition, cursor in questions:
            for start in (None, cursor):
                selection = select(NEWS, partition, index=index, cursor=start, **given)  # type: ignore[arg-type]
                assert selection is not None
                query, parameters = query_of(selection, 0, newest_first=newest_first)
                plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", parameters).fetchall()
                assert len(plan) == 1
                assert plan[0][3].startswith("SEARCH")


def test_the_tables_change_only_together_with_the_schema_version() -> None:
    statements = [statement for table in TABLES for statement in TableSql.of(table).create]
    digest = hashlib.sha256("\n".join(statements).encode()).hexdigest()[:16]

    assert SCHEMAS[sqlite_files.SCHEMA_VERSION] == digest
