"""A circuit breaker: a provider that fails again and again is left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import ConflictError
from ..ports import ABSENT
from ..repositories.optimistic import change_item, to_value
from ..tables import STATE, state_key

if TYPE_CHECKING:
    from ..ports import Clock, Item, Store
    from .ingest_result import IngestResult

_FAILURES: Final = 5
_FIRST_DELAY: Final = timedelta(minutes=1)
_LONGEST_DELAY: Final = timedelta(minutes=30)
_TRIAL: Final = timedelta(minutes=5)
"""A trial that has no result by then counts as stopped, and another may begin."""

_REMEMBERED: Final = timedelta(seconds=10)


class _Record(NamedTuple):
    """How often a provider failed in a row, and until when it is left alone."""

    failures: int = 0
    until: datetime | None = None


@dataclass
class Circuit:
    """The circuit of a provider, in State for all processes.

    After five failures in a row it is open for a minute; then one trial decides whether it closes
    or stays open for twice as long.
    """

    provider: str
    store: Store
    clock: Clock
    _record: _Record = field(default=_Record(), init=False)
    _read_at: datetime | None = field(default=None, init=False)

    def open_until(self) -> datetime | None:
        """Return until when the provider is left alone; `None` while it is not."""
        now = self.clock()
        if self._read_at is None or abs(now - self._read_at) >= _REMEMBERED:
            self._read()
        until = self._record.until
        return None if until is None or until <= now else until

    def admits(self) -> bool:
        """Return whether a request may be made; after a failure, one trial only."""
        if self.open_until() is not None:
            return False
        if self._record.until is None:
            return True
        record, version = self._read()
        now = self.clock()
        if record.until is None or record.until > now:
            return record.until is None
        trial = record._replace(until=now + _TRIAL)
        try:
            self.store.put(STATE, self._item(trial), expected=version)
        except ConflictError:
            return False  # another process was faster
        self._record = trial
        return True

    def note(self, result: IngestResult) -> None:
        """Take into account whether the provider answered."""
        if result.outages and not any(result.stored.values()):
            change_item(self.store, STATE, self._key, self._failed)
            self._read()
        elif not result.outages and self._record.failures:
            self.store.delete(STATE, self._key)
            self._record = _Record()

    def _failed(self, item: Item | None) -> Item:
        failures = _record_of(item).failures + 1
        doublings = min(failures - _FAILURES, 10)
        if doublings < 0:
            return self._item(_Record(failures))
        delay = min(_FIRST_DELAY * (1 << doublings), _LONGEST_DELAY)
        return self._item(_Record(failures, self.clock() + delay))

    def _item(self, record: _Record) -> Item:
        return {**self._key, "failures": record.failures, "until": to_value(record.until)}

    def _read(self) -> tuple[_Record, int]:
        """Read the record; return it with its version."""
        stored = self.store.get(STATE, self._key)
        self._record = _record_of(None if stored is None else stored.item)
        self._read_at = self.clock()
        return self._record, ABSENT if stored is None else stored.version

    @property
    def _key(self) -> dict[str, str]:
        return state_key("circuits", self.provider)


def _record_of(item: Item | None) -> _Record:
    if item is None:
        return _Record()
    until = item["until"]
    moment = None if until is None else datetime.fromisoformat(str(until))
    return _Record(int(str(item["failures"])), moment)
