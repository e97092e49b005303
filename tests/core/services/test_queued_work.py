"""Work travels by a queue: planned once, done once, never lost."""

from datetime import timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.queues import Failure, Message, work_queue
from signal9_core.errors import (
    PayloadError,
    ProviderUnavailableError,
    PublishError,
    QuotaExhaustedError,
)
from signal9_core.repositories.state import WorkRepository
from signal9_core.schemas.operations import QuotaAnswer
from tests.core.conftest import app_over
from tests.fakes import NOW, AttentivePublisher, FakeProvider, FakeQueues, SetClock
from tests.spied import SpiedStore

QUEUE = work_queue("fake")


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider(covering=None)


@pytest.fixture
def queues() -> FakeQueues:
    return FakeQueues()


@pytest.fixture
def app(
    spied: SpiedStore,
    clock: SetClock,
    provider: FakeProvider,
    publisher: AttentivePublisher,
    queues: FakeQueues,
) -> App:
    app = app_over(spied, clock, provider, publisher)
    app.pipeline.queues = queues
    return app


@pytest.fixture
def other(spied: SpiedStore, clock: SetClock, provider: FakeProvider, queues: FakeQueues) -> App:
    """The application in another process."""
    other = app_over(spied, clock, provider, AttentivePublisher())
    other.pipeline.queues = queues
    return other


def work(app: App, messages: list[Message]) -> list[Failure]:
    _, failures = app.pipeline.work(messages, app.clock() + timedelta(minutes=1))
    return failures


def fill(app: App, queues: FakeQueues) -> None:
    while app.pipeline.plan().sent:
        assert work(app, queues.take(QUEUE)) == []


def requests(provider: FakeProvider) -> list[tuple[str, str]]:
    return [(method, ticker) for method, ticker, _ in provider.requests]


def test_an_empty_stage_fills_itself_by_the_queue(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    fill(app, queues)

    assert len(requests(provider)) == len(set(requests(provider))) == 2 + 4 * 4
    assert app.run().changed == {}
    assert len(requests(provider)) == 2 + 4 * 4


def test_what_waits_in_the_queue_is_not_planned_again(app: App, queues: FakeQueues) -> None:
    first = app.pipeline.plan()
    again = app.pipeline.plan()

    assert (first.sent, again.sent, again.waiting) == (2, 0, 2)
    assert len(queues.sent[QUEUE]) == 2


def test_two_planners_at_once_plan_once(app: App, other: App, queues: FakeQueues) -> None:
    send, planned = queues.send, []

    def send_while_another_plans(queue: str, bodies: list[str]) -> None:
        planned.append(other.pipeline.plan())
        send(queue, bodies)

    queues.send = send_while_another_plans  # type: ignore[method-assign,assignment]

    assert app.pipeline.plan().sent == 2
    assert [plan.sent for plan in planned] == [0]
    assert len(queues.sent[QUEUE]) == 2


def test_a_planner_that_was_killed_holds_others_up_for_minutes_only(
    app: App, spied: SpiedStore, clock: SetClock
) -> None:
    lease = WorkRepository(spied, "fake", clock).lease()
    lease.__enter__()

    assert app.pipeline.plan().sent == 0
    clock.move(minutes=5, seconds=1)
    assert app.pipeline.plan().sent == 2


def test_a_second_delivery_of_what_was_done_does_nothing(
    app: App, other: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    app.pipeline.plan()
    lists = queues.take(QUEUE)
    work(app, lists)
    app.pipeline.plan()
    companies = queues.take(QUEUE)
    work(app, companies)
    asked = len(provider.requests)

    assert work(other, [*companies, *lists]) == []
    assert len(provider.requests) == asked


def test_what_was_sent_counts_against_the_budget(app: App, queues: FakeQueues) -> None:
    fill(app, queues)  # so that the lists are there
    app.clock.move(days=100)  # type: ignore[attr-defined]
    app.provider.at = app.clock()  # type: ignore[attr-defined]
    app.quotas["fake"] = Calls(5)  # type: ignore[assignment]

    plans = [app.pipeline.plan() for _ in range(3)]

    assert sum(item.calls for item in app.pipeline._work("fake").sent()) <= 5
    assert [plan.sent > 0 for plan in plans] == [True, False, False]
    assert plans[0].left > 0


class Calls:
    """A budget of so many calls a day."""

    def __init__(self, left: int) -> None:
        self.left = left

    def left_today(self) -> int:
        return self.left

    def status(self) -> QuotaAnswer:
        return QuotaAnswer(
            provider="fake", limit=self.left, left=self.left, period="day", refills_at=NOW
        )


def test_what_could_not_be_sent_is_planned_again_at_once(app: App, queues: FakeQueues) -> None:
    queues.refusing = {"calendar"}
    with pytest.raises(PublishError):
        app.pipeline.plan()
    queues.refusing.clear()

    assert app.pipeline.plan().sent == 1
    assert sum("calendar" in body for body in queues.sent[QUEUE]) == 1


def test_what_a_crash_left_unsent_is_planned_again_after_a_while(
    app: App, queues: FakeQueues, clock: SetClock
) -> None:
    app.pipeline.plan()
    queues.sent.clear()

    assert app.pipeline.plan().sent == 0
    clock.move(hours=2, seconds=1)
    assert app.pipeline.plan().sent == 2


def test_a_bad_company_is_no_failed_message(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    provider.failing["prices AAPL"] = PayloadError("no number: 'x'")

    fill(app, queues)

    assert app.pipeline.list_failures().items == []
    assert [problem.ticker for problem in app.get_status().problems] == ["AAPL"]


def test_what_fails_three_times_is_a_dead_letter_with_its_reason(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    fill(app, queues)
    app.clock.move(hours=2)  # type: ignore[attr-defined]
    provider.at = app.clock()
    provider.failing["news MSFT"] = ProviderUnavailableError("no answer")
    app.pipeline.plan()
    bodies = queues.sent.pop(QUEUE)

    outcomes = []
    for tries in (1, 2, 3):
        messages = [Message(str(n), body, tries) for n, body in enumerate(bodies)]
        failures = work(app, messages)
        outcomes.append([failure.is_dead for failure in failures])
        bodies = [bodies[int(failure.id)] for failure in failures]

    assert outcomes == [[False], [False], [True]]
    assert [delay for _, delay in queues.delayed] == [60, 120]
    (letter,) = app.pipeline.list_failures().items
    assert (letter.queue, letter.tries) == (QUEUE, 3)
    assert "no answer" in letter.reason
    provider.failing.clear()
    assert app.pipeline.redrive().redriven == [letter.id]
    assert app.pipeline.list_failures().items == []


def test_what_failed_for_good_is_in_the_next_plan(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    fill(app, queues)
    app.clock.move(hours=2)  # type: ignore[attr-defined]
    provider.at = app.clock()
    provider.failing["news MSFT"] = ProviderUnavailableError("no answer")
    app.pipeline.plan()
    (failure,) = work(app, [Message("1", body, 3) for body in queues.sent.pop(QUEUE)])
    provider.failing.clear()

    assert failure.is_dead
    assert app.pipeline.plan().sent == 1
    assert work(app, queues.take(QUEUE)) == []


def test_running_out_of_calls_is_no_failure_and_the_next_plan_has_the_rest(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    fill(app, queues)
    app.clock.move(hours=2)  # type: ignore[attr-defined]
    provider.at = app.clock()
    provider.failing["news"] = QuotaExhaustedError("fake", NOW)
    sent = app.pipeline.plan().sent

    assert work(app, queues.take(QUEUE)) == []

    assert app.pipeline.list_failures().items == []
    assert app.pipeline.plan().sent == sent > 0


def test_a_batch_near_the_time_limit_is_handed_back_and_loses_no_try(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    app.pipeline.plan()
    messages = queues.take(QUEUE, tries=3)

    _, failures = app.pipeline.work(messages, until=app.clock())

    assert failures == []
    assert provider.requests == []
    assert queues.sent[QUEUE] == [message.body for message in messages]


def test_a_provider_that_is_left_alone_is_neither_planned_nor_asked(
    app: App, queues: FakeQueues, provider: FakeProvider
) -> None:
    fill(app, queues)
    app.clock.move(days=40)  # type: ignore[attr-defined]
    provider.at = app.clock()
    app.pipeline.plan()
    messages = queues.take(QUEUE)
    circuit = app.pipeline._circuit("fake")
    for method in ("assets", "calendar", "overview", "prices", "financials", "news"):
        provider.failing[method] = ProviderUnavailableError("no answer")
    while circuit.admits():
        work(app, messages[:1])
    provider.requests.clear()

    assert work(app, messages) == []
    assert app.pipeline.plan().sent == 0
    assert provider.requests == []
    provider.failing.clear()
    app.clock.move(minutes=5)  # type: ignore[attr-defined]
    assert app.pipeline.plan().sent == len(messages)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "no work item"),
        ("null", "no work item"),
        ('{"provider": "fake"}', "plannedAt: Field required"),
        ('{"provider": "fake", "plannedAt": null, "calls": -1}', "calls"),
        ("x" * 200_000, "no work item"),
    ],
)
def test_poison_is_a_dead_letter_at_once_and_does_not_hold_up_the_batch(
    app: App, queues: FakeQueues, body: str, reason: str
) -> None:
    app.pipeline.plan()

    failures = work(app, [Message("poison", body), *queues.take(QUEUE)])

    assert [(failure.id, failure.is_dead) for failure in failures] == [("poison", True)]
    (letter,) = app.pipeline.list_failures().items
    assert letter.body == body
    assert reason in letter.reason
    assert app.assets.read("AAPL").version


def test_work_of_another_provider_is_poison(app: App, queues: FakeQueues) -> None:
    app.pipeline.plan()
    (message, *_) = queues.take(QUEUE)
    foreign = message.body.replace('"provider":"fake"', '"provider":"alpaca"')

    (failure,) = work(app, [Message("foreign", foreign)])

    assert failure.is_dead
    assert "'alpaca', not of fake" in failure.reason


def test_what_cannot_even_become_a_dead_letter_stays_in_the_queue(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise PublishError("the queue is away")

    monkeypatch.setattr(app.pipeline.dead_letters, "add", refuse)

    (failure,) = work(app, [Message("poison", "{")])

    assert not failure.is_dead
    assert "no work item" in failure.reason
    assert "the queue is away" in failure.reason
