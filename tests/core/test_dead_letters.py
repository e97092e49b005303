"""Dead letters: one contract for the store of a laptop and for the queues of AWS."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from signal9_core.aws import aws_client
from signal9_core.domain.queues import DEAD_LETTERS, DeadLetter, Message
from signal9_core.errors import PublishError
from signal9_core.ports import DeadLetters
from signal9_core.publishers.sqs import SqsDeadLetters, SqsQueues
from signal9_core.repositories.state import StoredDeadLetters
from tests.core.conftest import opened
from tests.emulator import CREDENTIALS
from tests.fakes import NOW, SetClock

PREFIX = "signal9-dev-"
QUEUES = ("insights", "work-alpaca")


class Place(NamedTuple):
    """Dead letters, and what was put back on the queues."""

    letters: DeadLetters
    put_back: Callable[[], list[tuple[str, str]]]


def letter(body: str, queue: str = "insights", minutes: int = 0, reason: str = "why") -> DeadLetter:
    at = NOW + timedelta(minutes=minutes)
    return DeadLetter(id=body, queue=queue, reason=reason, failed_at=at, tries=3, body=body)


@contextmanager
def in_store() -> Iterator[Place]:
    delivered: list[tuple[str, str]] = []
    clock = SetClock()
    with opened(clock) as store:

        def deliver(message: DeadLetter) -> None:
            delivered.append((message.queue, message.body))

        yield Place(StoredDeadLetters(store, deliver, clock), lambda: delivered)


@contextmanager
def in_queues() -> Iterator[Place]:
    with mock_aws():
        sqs = boto3.client("sqs")
        for queue in QUEUES:
            sqs.create_queue(QueueName=f"{PREFIX}{queue}")
            sqs.create_queue(QueueName=f"{PREFIX}{queue}{DEAD_LETTERS}")
        sqs.create_queue(QueueName=f"signal9-other-insights{DEAD_LETTERS}")

        def put_back() -> list[tuple[str, str]]:
            return [(queue, each["Body"]) for queue in QUEUES for each in received(sqs, queue)]

        yield Place(SqsDeadLetters(aws_client("sqs"), PREFIX, wait_s=0), put_back)


def received(sqs: Any, queue: str) -> list[dict[str, Any]]:
    url = sqs.get_queue_url(QueueName=f"{PREFIX}{queue}")["QueueUrl"]
    found: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", [])
    return found


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=[in_store, in_queues])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    opening: AbstractContextManager[Place] = request.param()
    with opening as place:
        yield place


def listed(place: Place) -> list[tuple[str, str, str]]:
    return [(each.queue, each.body, each.reason) for each in place.letters.all()]


def test_what_was_added_is_listed_with_its_reason_oldest_first(place: Place) -> None:
    place.letters.add(letter("later", minutes=5, reason="Error: 'ä' \t\n\x00 \ud800"[:-1]))
    place.letters.add(letter("sooner", queue="work-alpaca", reason="no answer"))

    assert listed(place)[0] == ("work-alpaca", "sooner", "no answer")
    assert listed(place)[1][:2] == ("insights", "later")
    assert "'ä'" in listed(place)[1][2]
    assert [each.tries for each in place.letters.all()] == [3, 3]
    assert [each.failed_at for each in place.letters.all()] == [NOW, NOW + timedelta(minutes=5)]


def test_listing_changes_nothing(place: Place) -> None:
    for number in range(25):
        place.letters.add(letter(f"body {number:02}", minutes=number))

    first = place.letters.all()

    assert [each.body for each in first] == [f"body {number:02}" for number in range(25)]
    assert {each.id for each in place.letters.all()} == {each.id for each in first}
    assert place.put_back() == []


def test_some_are_put_back_and_the_others_stay(place: Place) -> None:
    for body in ("a", "b", "c"):
        place.letters.add(letter(body))
    (chosen,) = (each.id for each in place.letters.all() if each.body == "b")

    assert place.letters.redrive([chosen, "no such id"]) == {chosen}

    assert place.put_back() == [("insights", "b")]
    assert sorted(each.body for each in place.letters.all()) == ["a", "c"]


def test_all_are_put_back_each_where_it_failed(place: Place) -> None:
    place.letters.add(letter("a"))
    place.letters.add(letter("b", queue="work-alpaca"))

    assert len(place.letters.redrive()) == 2

    assert sorted(place.put_back()) == [("insights", "a"), ("work-alpaca", "b")]
    assert place.letters.all() == []
    assert place.letters.redrive() == set()


def test_what_fails_again_is_stored_with_its_new_reason() -> None:
    def deliver(_: DeadLetter) -> None:
        raise ValueError("still broken")

    clock = SetClock()
    with opened(clock) as store:
        letters = StoredDeadLetters(store, deliver, clock)
        letters.add(letter("a"))
        clock.move(minutes=1)

        assert letters.redrive() == set()

        (left,) = letters.all()
        assert (left.reason, left.tries) == ("ValueError: still broken", 4)
        assert left.failed_at == clock.now


def test_a_message_that_sqs_moved_itself_says_that_nobody_finished_it() -> None:
    with in_queues() as place:
        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{PREFIX}insights{DEAD_LETTERS}")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="event")

        (moved,) = place.letters.all()

    assert (moved.queue, moved.body) == ("insights", "event")
    assert "never finished" in moved.reason


def test_a_stage_that_is_not_there_has_none_and_says_so_when_something_is_sent() -> None:
    with mock_aws():
        client = aws_client("sqs")

        assert SqsDeadLetters(client, PREFIX).all() == []
        with pytest.raises(PublishError, match="queue signal9-dev-insights"):
            SqsQueues(client, PREFIX).send("insights", ["a"])


def test_messages_are_sent_in_batches_and_come_again_when_they_should() -> None:
    with in_queues():
        client = boto3.client("sqs")
        queues = SqsQueues(aws_client("sqs"), PREFIX)

        queues.send("insights", [f"body {number}" for number in range(23)])

        first = received(client, "insights")
        again = first[0]
        message = Message(again["MessageId"], again["Body"], 1, again["ReceiptHandle"])
        queues.retry_later("insights", message, 0)
        second = [*received(client, "insights"), *received(client, "insights")]
        bodies = [each["Body"] for each in (*first, *second)]
        assert len(bodies) == 24
        assert len(set(bodies)) == 23
