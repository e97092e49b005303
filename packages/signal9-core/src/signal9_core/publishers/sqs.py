"""Queues of SQS, and the dead letters in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple

from ..aws import aws_errors
from ..domain.queues import DEAD_LETTERS, DeadLetter, Message
from ..errors import PublishError
from .aws import Refusal, send_in_batches

_PER_REQUEST: Final = 10
_MOST_LETTERS: Final = 1000
_HIDDEN_S: Final = 60
"""How long a dead letter that was received stays invisible for others, unless put right sooner."""

_LONGEST_REASON: Final = 1000
_NOT_ALLOWED: Final = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_NEVER_FINISHED: Final = "its function never finished: it was stopped, or ran out of time"


class SqsQueues:
    """The `Queues` whose names begin with `prefix`."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._urls: dict[str, str] = {}

    def send(self, queue: str, bodies: Sequence[str]) -> None:
        """Send messages, and those again that were refused for the moment."""
        send_in_batches(f"queue {queue}", bodies, _size, partial(self._send, queue))

    def _send(self, queue: str, batch: list[str]) -> list[Refusal[str]]:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)]
        with self._errors(queue):
            answer = self._client.send_message_batch(QueueUrl=self._url(queue), Entries=entries)
        return [
            Refusal(batch[int(failed["Id"])], failed["Code"], not failed["SenderFault"])
            for failed in answer.get("Failed", [])
        ]

    def send_with(self, queue: str, body: str, attributes: Mapping[str, str]) -> None:
        """Send one message with attributes."""
        with self._errors(queue):
            self._client.send_message(
                QueueUrl=self._url(queue),
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )

    def retry_later(self, queue: str, message: Message, delay_s: int) -> None:
        """Make a message visible again after a delay."""
        with self._errors(queue):
            self._client.change_message_visibility(
                QueueUrl=self._url(queue), ReceiptHandle=message.receipt, VisibilityTimeout=delay_s
            )

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            answer = self._client.get_queue_url(QueueName=f"{self._prefix}{queue}")
            self._urls[queue] = answer["QueueUrl"]
        return self._urls[queue]

    def _errors(self, queue: str) -> Any:
        return aws_errors(f"queue {self._prefix}{queue}", PublishError)


class _Received(NamedTuple):
    url: str
    receipt: str
    letter: DeadLetter


class SqsDeadLetters:
    """The `DeadLetters` of all queues whose names begin with `prefix`.

    It waits for messages of each queue, since SQS may miss some when it looks at once.
    """

    def __init__(self, client: Any, prefix: str, wait_s: int = 1) -> None:
        self._client = client
        self._prefix = prefix
        self._wait_s = wait_s
        self._queues = SqsQueues(client, prefix)

    def add(self, letter: DeadLetter) -> None:
        """Send a message with its reason to the queue of dead letters."""
        attributes = {
            "reason": _NOT_ALLOWED.sub(" ", letter.reason)[:_LONGEST_REASON] or "unknown",
            "failedAt": letter.failed_at.isoformat(),
            "tries": str(letter.tries),
        }
        self._queues.send_with(f"{letter.queue}{DEAD_LETTERS}", letter.body, attributes)

    def all(self) -> list[DeadLetter]:
        """Return at most a thousand of each queue, oldest first."""
        with self._received() as received:
            return sorted((item.letter for item in received), key=attrgetter("failed_at"))

    def redrive(self, ids: Collection[str] | None = None) -> set[str]:
        """Send messages again to the queues where they failed, and delete them here."""
        redriven = set()
        with self._received() as received:
            for item in tuple(received):
                letter = item.letter
                if ids is None or letter.id in ids:
                    self._queues.send(letter.queue, [letter.body])
                    received.remove(item)
                    self._client.delete_message(QueueUrl=item.url, ReceiptHandle=item.receipt)
                    redriven.add(letter.id)
        return redriven

    @contextmanager
    def _received(self) -> Iterator[list[_Received]]:
        """Receive what there is; what is in the list in the end becomes visible again."""
        received: list[_Received] = []
        with aws_errors(f"queues {self._prefix}*{DEAD_LETTERS}", PublishError):
            try:
                for url in self._urls():
                    self._receive(url, received)
                yield received
            finally:
                for url in {item.url for item in received}:
                    self._show(url, [item.receipt for item in received if item.url == url])

    def _urls(self) -> list[str]:
        pages = self._client.get_paginator("list_queues").paginate(QueueNamePrefix=self._prefix)
        urls = [url for page in pages for url in page.get("QueueUrls", ())]
        return [url for url in urls if url.endswith(DEAD_LETTERS)]

    def _receive(self, url: str, received: list[_Received]) -> None:
        queue = url.rpartition("/")[2].removeprefix(self._prefix).removesuffix(DEAD_LETTERS)
        most = len(received) + _MOST_LETTERS
        while len(received) < most:
            answer = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_PER_REQUEST,
                VisibilityTimeout=_HIDDEN_S,
                WaitTimeSeconds=self._wait_s,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            messages = answer.get("Messages", ())
            received += [_Received(url, m["ReceiptHandle"], _letter(queue, m)) for m in messages]
            if not messages:
                break

    def _show(self, url: str, receipts: Sequence[str]) -> None:
        for start in range(0, len(receipts), _PER_REQUEST):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + _PER_REQUEST])
            ]
            self._client.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _letter(queue: str, message: Mapping[str, Any]) -> DeadLetter:
    """Return a dead letter; SQS adds no reason to those that it moves itself."""
    attributes = {
        name: value.get("StringValue")
        for name, value in message.get("MessageAttributes", {}).items()
    }
    sent_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return DeadLetter(
        id=message["MessageId"],
        queue=queue,
        reason=attributes.get("reason") or _NEVER_FINISHED,
        failed_at=attributes.get("failedAt") or sent_at,
        tries=attributes.get("tries") or message["Attributes"]["ApproximateReceiveCount"],
        body=message["Body"],
    )


def _size(body: str) -> int:
    return len(body.encode())
