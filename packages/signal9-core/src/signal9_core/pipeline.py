"""The pipeline: work and events that travel by queues, and what of them failed for good."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from pydantic import ValidationError

from .domain.queues import (
    DELETIONS,
    INSIGHTS,
    NOTIFICATIONS,
    DeadLetter,
    Failure,
    Message,
    reason_of,
    work_queue,
)
from .domain.work import Probe
from .errors import NotFoundError
from .events import SOURCE, Event, correlated, parse_event
from .schemas.operations import FailuresAnswer, RedriveAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from .domain.work import WorkItem
    from .ports import Clock, DeadLetters, EventPublisher, Queues, Store
    from .publishers.in_process import EventHandler, InProcessEventBus
    from .repositories.state import ProbeRepository, WorkRepository
    from .services.ingest_result import IngestResult
    from .services.queued_work import Circuit, Consumer, DoWork, PlannedWork
    from .services.run import Run
    from .services.users import UserService
    from .settings import Settings
    from .smoke import CheckStage


class Parts(Protocol):
    """The parts of the application that the pipeline uses, each made on first use."""

    settings: Settings
    clock: Clock

    @property
    def store(self) -> Store:
        """The tables."""

    @property
    def bus(self) -> EventPublisher:
        """The bus that events are published to."""

    @property
    def update_insights(self) -> EventHandler:
        """Updates insights after an event."""

    @property
    def notify(self) -> EventHandler:
        """Notifies users of an event."""

    @property
    def users(self) -> UserService:
        """The users' own records; deletes those that an event says."""


_SUBSCRIBERS: Final[Mapping[str, Callable[[Parts], EventHandler]]] = {
    INSIGHTS: lambda parts: parts.update_insights,
    NOTIFICATIONS: lambda parts: parts.notify,
    DELETIONS: lambda parts: parts.users.deletion,
}


class Pipeline:
    """Planner, workers and handlers of events, on the queues of a stage.

    Without queues, handlers are called in this process, and what fails for good is in the store.
    """

    def __init__(self, parts: Parts, run: Callable[[], Run]) -> None:
        self._parts = parts
        self._run = run
        self._circuits: dict[str, Circuit] = {}

    def protect(self, run: Run) -> Run:
        """Return a run that leaves a failing provider alone, and that one bad item cannot stop."""
        return replace(run, circuit=self._circuit(run.due.provider.name), give_up=self._give_up)

    def _circuit(self, provider: str) -> Circuit:
        from .services.queued_work import Circuit

        if provider not in self._circuits:
            self._circuits[provider] = Circuit(provider, self._parts.store, self._parts.clock)
        return self._circuits[provider]

    # On queues

    def plan(self) -> PlannedWork:
        """Send what is due to the workers of its provider."""
        from .services.queued_work import PlanWork

        run = self._run()
        provider = run.due.provider.name
        return PlanWork(run, self._work(provider), self._circuit(provider), self.queues)()

    def work(
        self, messages: Sequence[Message], until: datetime
    ) -> tuple[IngestResult, list[Failure]]:
        """Do the work in messages; return what it came to, and the messages that failed.

        A probe is noted, also while the provider has no key.
        """
        from .services.ingest_result import IngestResult

        messages = [message for message in messages if not self._note_probe(message.body)]
        if not messages:
            return IngestResult(), []
        do_work = self._do_work()
        queue = work_queue(do_work.run.due.provider.name)
        failures = self._consumer(queue, do_work)(messages, until)
        dead = {failure.id for failure in failures if failure.is_dead}
        do_work.forget(message.body for message in messages if message.id in dead)
        return do_work.result, failures

    def send_probe(self) -> str:
        """Send a message to the workers that they only note, and return its id."""
        probe = Probe(probe=uuid4().hex)
        self.queues.send(work_queue(self._parts.settings.provider), [probe.model_dump_json()])
        return probe.probe

    def is_noted(self, probe: str) -> bool:
        """Return whether a worker has received a probe."""
        return self._probes.is_noted(probe)

    def waiting(self) -> set[str]:
        """Return the ids of the work items that were sent and are not done."""
        from .repositories.state import work_id

        return {work_id(item) for item in self._work(self._parts.settings.provider).sent()}

    @cached_property
    def check_stage(self) -> CheckStage:
        """Checks the deployed stage as its users see it."""
        from .adapters import make_smoke_test

        return make_smoke_test(self._parts.settings, self)

    def _note_probe(self, body: str) -> bool:
        try:
            probe = Probe.model_validate_json(body)
        except ValidationError:
            return False
        self._probes.note(probe)
        return True

    @cached_property
    def _probes(self) -> ProbeRepository:
        from .repositories.state import ProbeRepository

        return ProbeRepository(self._parts.store, self._parts.clock)

    def handle(self, queue: str, messages: Sequence[Message], until: datetime) -> list[Failure]:
        """Handle the events in messages of a queue; return the messages that failed."""
        return self._consumer(queue, partial(self._handle, queue))(messages, until)

    def _handle(self, queue: str, body: str) -> None:
        event = parse_event(body)
        with correlated(event.correlation_id):
            _SUBSCRIBERS[queue](self._parts)(event)

    def _do_work(self) -> DoWork:
        from .services.queued_work import DoWork

        run = self._run()
        provider = run.due.provider.name
        return DoWork(run, self._work(provider), self._circuit(provider))

    def _work(self, provider: str) -> WorkRepository:
        from .repositories.state import WorkRepository

        return WorkRepository(self._parts.store, provider, self._parts.clock)

    def _consumer(self, queue: str, handle: Callable[[str], object]) -> Consumer:
        from .services.queued_work import Consumer

        return Consumer(queue, handle, self.queues, self.dead_letters, self._parts.clock)

    @cached_property
    def queues(self) -> Queues:
        """The queues of the stage."""
        from .aws import aws_client
        from .publishers.sqs import SqsQueues

        return SqsQueues(aws_client("sqs"), self._parts.settings.queue_prefix or "")

    def publish_pending(self) -> int:
        """Publish what stopped runs have left; return of how many companies, lists and users."""
        from .repositories.companies import AssetRepository
        from .repositories.users import DeletionRepository
        from .services.outbox import Outbox, PublishPending

        store, clock = self._parts.store, self._parts.clock
        outbox, deletions = Outbox(store, self._parts.bus), DeletionRepository(store)
        return PublishPending(outbox, AssetRepository(store), deletions, clock)()

    # In this process

    def subscribe(self, bus: InProcessEventBus) -> None:
        """Let all handlers subscribe to a bus.

        What one fails to do is a dead letter, and stops neither other handlers nor the ingest.
        """
        for queue in _SUBSCRIBERS:
            bus.subscribe(self._subscriber(queue))

    def _subscriber(self, queue: str) -> EventHandler:

        def handle(event: Event) -> None:
            try:
                _SUBSCRIBERS[queue](self._parts)(event)
            except Exception as error:  # noqa: BLE001  # whatever it is, the event must not be lost
                self._add(queue, _envelope(event), error)

        return handle

    def _give_up(self, item: WorkItem, error: Exception) -> None:
        """Store an item that failed in a way that nobody expects."""
        subject = item.model_dump_json(include={"name", "tickers", "data_sets"})
        self._add(work_queue(item.provider), item.model_dump_json(), error, subject)

    def _add(self, queue: str, body: str, error: Exception, subject: str | None = None) -> None:
        """Store a message; one about the same subject is replaced."""
        digest = hashlib.sha256(f"{queue} {subject or body}".encode())
        letter = DeadLetter(
            id=digest.hexdigest()[:16],
            queue=queue,
            reason=reason_of(error),
            failed_at=self._parts.clock(),
            tries=1,
            body=body,
        )
        self.dead_letters.add(letter)

    def _deliver(self, letter: DeadLetter) -> None:
        if letter.queue in _SUBSCRIBERS:
            self._handle(letter.queue, letter.body)
        else:
            self._do_work()(letter.body)

    # What failed for good

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Messages that failed for good: in queues of SQS, or in the store."""
        if self._parts.settings.queue_prefix is not None:
            from .aws import aws_client
            from .publishers.sqs import SqsDeadLetters

            return SqsDeadLetters(aws_client("sqs"), self._parts.settings.queue_prefix)
        from .repositories.state import StoredDeadLetters

        return StoredDeadLetters(self._parts.store, self._deliver, self._parts.clock)

    def list_failures(self) -> FailuresAnswer:
        """Return what failed for good, with its reasons."""
        return FailuresAnswer(items=self.dead_letters.all())

    def redrive(self, ids: Collection[str] | None = None) -> RedriveAnswer:
        """Put messages (`None`: all) back where they failed; `NotFoundError` if there is none."""
        redriven = self.dead_letters.redrive(ids)
        left = [item for item in self.dead_letters.all() if ids is None or item.id in ids]
        known = redriven | {letter.id for letter in left}
        for id_ in () if ids is None else ids:
            if id_ not in known:
                raise NotFoundError("dead letter", id_)
        return RedriveAnswer(redriven=sorted(redriven), left=left)


def _envelope(event: Event) -> str:
    """Return an event as EventBridge delivers it."""
    detail = json.loads(event.model_dump_json())
    return json.dumps({"source": SOURCE, "detail-type": event.detail_type, "detail": detail})
