"""Opening a database file: what it must be before anything in it is touched."""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from ..errors import IncompatibleStoreError, StoreError, StoreUnavailableError

__all__ = ["SCHEMA_VERSION", "connect", "create", "prepare", "sqlite_errors", "transaction"]

APPLICATION_ID: Final = 0x53394442
"""Marks our files in their header: `S9DB`."""

SCHEMA_VERSION: Final = 1
"""Raised with every change of the tables; a file of a higher one is of a newer Signal9."""

_PAGE_BYTES: Final = 8192
"""Rows of one to two kilobytes, as price blocks are, fill these twice as well as SQLite's 4096."""

_CACHE_KIB: Final = 16 * 1024
_LOG_PAGES: Final = 8000
"""How long the log grows before it is worked into the file: 64 MB make loading twice as fast."""

_BUSY_TIMEOUT_S: Final = 15.0
_MAGIC: Final = b"SQLite format 3\x00"
_EFFECTIVE_IDS: Final = os.access in os.supports_effective_ids
_BUSY_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@contextmanager
def sqlite_errors(where: str) -> Iterator[None]:
    """Turn whatever SQLite raises inside into a `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        # The upper bits of a code only tell variants of one failure apart.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY_CODES:
            raise StoreUnavailableError(f"{where}: another process keeps it busy") from error
        if code == sqlite3.SQLITE_NOTADB:
            raise IncompatibleStoreError(f"{where}: not a Signal9 database") from error
        raise StoreError(f"{where}: {error}") from error


def connect(database: Path | str) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time."""
    connection = sqlite3.connect(
        database,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    # With a write-ahead log this survives a killed process; only a power cut may take back the
    # last writes, and even then the file stays whole.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep all that is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def prepare(path: Path, statements: Iterable[str]) -> None:
    """Make `path` a database of ours, or check that it is one; refuse it unchanged otherwise."""
    _check_access(path)
    _check_header(path)
    with closing(connect(path)) as connection:
        create(connection, statements, str(path))
        _write_ahead(connection)


def create(connection: sqlite3.Connection, statements: Iterable[str], where: str) -> None:
    """Create the tables unless they are there."""
    if _version(connection, where) == SCHEMA_VERSION:
        return
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    with transaction(connection):
        # Another process may have been faster.
        if _version(connection, where) != 0:
            return
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection, where: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    _check_version(int(version), where)
    return int(version)


def _check_version(version: int, where: str) -> None:
    if version > SCHEMA_VERSION:
        raise IncompatibleStoreError(
            f"{where}: of a newer Signal9 (schema {version}; this one knows {SCHEMA_VERSION})"
        )


def _check_access(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreError(f"{path}: a folder, not a database file")
        present = [place for place in (path.parent, path) if place.exists()]
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    for place in present:
        # The log of a database stands beside it, so that the folder must be writable as well.
        if not os.access(place, os.R_OK | os.W_OK, effective_ids=_EFFECTIVE_IDS):
            raise StoreError(f"{place}: not writable")


def _check_header(path: Path) -> None:
    """Refuse foreign files without asking SQLite, which leaves files of its own beside them."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    if not header:
        return
    application = int.from_bytes(header[68:72], "big")
    if not header.startswith(_MAGIC) or application != APPLICATION_ID:
        raise IncompatibleStoreError(f"{path}: not a Signal9 database")
    _check_version(int.from_bytes(header[60:64], "big"), str(path))


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, once per file; SQLite does not wait for others here itself."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
