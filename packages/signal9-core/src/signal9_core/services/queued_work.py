"""Work that travels by a queue: its planner, its workers, and what is done with what fails."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import ValidationError

from ..domain.queues import DeadLetter, Failure, Message, reason_of, work_queue
from ..domain.work import WorkItem
from ..errors import (
    ConflictError,
    InputError,
    ProviderUnavailableError,
    PublishError,
    Signal9Error,
    StoreError,
)
from ..ports import ABSENT, Clock, DeadLetters, Item, Queues, Store
from ..repositories.optimistic import change_item, to_value
from ..tables import STATE, state_key
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..repositories.state import WorkRepository
    from .run import Run

_MOST_ITEMS: Final = 500
"""So many items may wait at once, which takes less than an hour; the next plans have the rest."""


class PlannedWork(NamedTuple):
    """How many items were sent, how many were in the queue before, and how many are left."""

    sent: int = 0
    waiting: int = 0
    left: int = 0


@dataclass(frozen=True)
class PlanWork:
    """Send what is due to the workers of its provider, as far as its budget suffices.

    Of several planners at once only one sends. What was sent and is not done is not sent again.
    """

    run: Run
    work: WorkRepository
    circuit: Circuit
    queues: Queues

    def __call__(self) -> PlannedWork:
        """Plan and send, unless the provider is left alone or somebody else plans."""
        if self.circuit.open_until() is not None:
            return PlannedWork()
        with self.work.lease() as is_alone:
            return self._send() if is_alone else PlannedWork()

    def _send(self) -> PlannedWork:
        waiting = self.work.sent()
        plan = self.run.plan(beside=waiting)
        items = plan.now[: max(0, _MOST_ITEMS - len(waiting))]
        # Noted before it is sent: what a crash leaves unsent is planned again after a while.
        self.work.add(items)
        bodies = {item.model_dump_json(): item for item in items}
        try:
            self.queues.send(work_queue(self.run.due.provider.name), list(bodies))
        except PublishError as error:
            self.work.remove(*(bodies[str(body)] for body in error.refused))
            raise
        left = len(plan.now) - len(items) + len(plan.later)
        return PlannedWork(len(items), len(waiting), left)


@dataclass(frozen=True)
class DoWork:
    """Do the work item in a message; `result` adds up what several came to.

    An item for which no call is left, or whose provider is left alone, goes back to the planner.
    """

    run: Run
    work: WorkRepository
    circuit: Circuit
    result: IngestResult = field(default_factory=IngestResult)

    def __call__(self, body: str) -> None:
        """Do what is still due of it; `ProviderUnavailableError` if it may succeed a little later.

        `InputError` if the message is not a work item of this provider.
        """
        item = _parse(body)
        provider = self.run.due.provider.name
        if item.provider != provider:
            raise InputError("provider", f"work of {item.provider!r}, not of {provider}")
        if self.circuit.admits():
            result = self.run.work(item)
            self.result.add(result)
            passing = [failure.reason for failure in result.failed if failure.transient]
            if passing and not result.out_of_calls:
                raise ProviderUnavailableError(passing[0])
        self.work.remove(item)

    def forget(self, bodies: Iterable[str]) -> None:
        """Let the next plan have what failed for good: nobody has to put it back."""
        for body in bodies:
            with suppress(InputError, StoreError):
                self.work.remove(_parse(body))


def _parse(body: str) -> WorkItem:
    try:
        return WorkItem.model_validate_json(body)
    except ValidationError as error:
        raise InputError("body", f"no work item: {reason_of(error)}") from error


_ATTEMPTS: Final = 3
_FIRST_DELAY_S: Final = 30


@dataclass(frozen=True)
class Consumer:
    """Handles the messages of a queue, each on its own.

    One that cannot be read is a dead letter at once, any other after the third attempt.
    """

    queue: str
    handle: Callable[[str], object]
    queues: Queues
    dead_letters: DeadLetters
    clock: Clock

    def __call__(self, messages: Sequence[Message], until: datetime) -> list[Failure]:
        """Handle messages; return those that failed. Those that are no dead letters stay.

        None is begun after `until`: the rest is sent again, so that no attempt is lost.
        """
        failures: list[Failure] = []
        for message in messages:
            try:
                if self.clock() < until:
                    self.handle(message.body)
                else:
                    self.queues.send(self.queue, [message.body])
            except Exception as error:  # noqa: BLE001  # must not hold up the other messages
                failures.append(self._failed(message, error))
        return failures

    def _failed(self, message: Message, error: Exception) -> Failure:
        reason = reason_of(error)
        try:
            if message.tries < _ATTEMPTS and not isinstance(error, InputError):
                self.queues.retry_later(self.queue, message, _FIRST_DELAY_S << message.tries)
                return Failure(message.id, reason, is_dead=False)
            self.dead_letters.add(
                DeadLetter(
                    id=message.id,
                    queue=self.queue,
                    reason=reason,
                    failed_at=self.clock(),
                    tries=message.tries,
                    body=message.body,
                )
            )
        except Signal9Error as unreported:
            # The queue delivers it again, or moves it to the dead letters without a reason.
            return Failure(message.id, f"{reason}; {reason_of(unreported)}", is_dead=False)
        return Failure(message.id, reason, is_dead=True)


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
