"""Connections to one database, lent to one thread at a time."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import StoreError
from .sqlite_files import sqlite_errors, transaction

__all__ = ["ConnectionPool"]


class ConnectionPool:
    """As many connections as threads are at work at once, up to `limit`, kept open until `close`.

    Writers take turns here, since SQLite's own waiting between connections is slow and unfair.
    """

    def __init__(self, name: str, connect: Callable[[], sqlite3.Connection], limit: int) -> None:
        self._name = name
        self._connect = connect
        self._idle: deque[sqlite3.Connection] = deque()
        self._free = threading.Semaphore(limit)
        self._writing = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection."""
        with self._free, sqlite_errors(self._name):
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction, which ends with the block."""
        with self._writing, self.reading() as connection, transaction(connection):
            yield connection

    def close(self) -> None:
        """Close what is idle now, and what is lent as soon as it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"{self._name}: already closed")
        return self._idle.pop() if self._idle else self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
