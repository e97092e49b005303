"""Work that travels by a queue: a planner sends what is due, and workers do it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import ValidationError

from ..domain.queues import reason_of, work_queue
from ..domain.work import WorkItem
from ..errors import InputError, ProviderUnavailableError, PublishError, StoreError
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..ports import Queues
    from ..repositories.work import WorkRepository
    from .circuit import Circuit
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
