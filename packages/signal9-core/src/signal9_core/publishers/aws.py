"""EventBridge for events, SNS for notifications, and SES for mails."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from ..aws import aws_errors
from ..errors import PublishError
from ..events import SOURCE, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

    from ..domain.users import Notification
    from ..ports import Mail

T = TypeVar("T")

LARGEST_BATCH: Final = 256 * 1024
"""Bytes that one request may carry, whether in one entry or in ten."""

_ENTRIES_PER_BATCH: Final = 10
_TIME_BYTES: Final = 14
_TRANSIENT_CODES: Final = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


class Refusal(NamedTuple, Generic[T]):
    """An entry of a batch that was not accepted, and whether it may be a little later."""

    entry: T
    code: str
    transient: bool


def send_in_batches(
    target: str,
    entries: Sequence[T],
    size_of: Callable[[T], int],
    send: Callable[[list[T]], Sequence[Refusal[T]]],
) -> None:
    """Send every entry, in order, and again only those that were refused for the moment.

    `PublishError` with the entries that were not sent in the end; all others were.
    """
    refused: list[Refusal[T]] = []
    batches = list(_batches(entries, size_of))
    for number, batch in enumerate(batches, 1):
        try:
            refused += _send(batch, send)
        except PublishError as error:
            before = [refusal.entry for refusal in refused]
            after = chain.from_iterable(batches[number:])
            raise PublishError(str(error), [*before, *error.refused, *after]) from error.__cause__
    if refused:
        codes = Counter(refusal.code for refusal in refused)
        listed = ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))
        message = f"{target}: {len(refused)} of {len(entries)} refused: {listed}"
        raise PublishError(message, [refusal.entry for refusal in refused])


def _send(batch: list[T], send: Callable[[list[T]], Sequence[Refusal[T]]]) -> Sequence[Refusal[T]]:
    """Return the entries that were refused to the end; `PublishError` if none can be sent."""
    # Loading it takes 20 ms, which is too long for a process that only answers.
    import stamina

    refused: list[Refusal[T]] = []
    waiting: list[Refusal[T]] = []

    def send_the_rest() -> None:
        nonlocal batch
        refusals = send(batch)
        refused.extend(refusal for refusal in refusals if not refusal.transient)
        waiting[:] = [refusal for refusal in refusals if refusal.transient]
        batch = [refusal.entry for refusal in waiting]
        if batch:
            raise _RefusedError

    try:
        stamina.retry(on=_RefusedError, attempts=8, timeout=30)(send_the_rest)()
    except _RefusedError:
        return refused + waiting
    except PublishError as error:
        unsent = [*(refusal.entry for refusal in refused), *batch]
        raise PublishError(str(error), unsent) from error.__cause__
    return refused


class _RefusedError(Exception):
    """Some entries of a batch were refused for the moment."""


def _batches(entries: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield the entries, in order, as many at a time as a request may carry."""
    batch: list[T] = []
    room = LARGEST_BATCH
    for entry in entries:
        size = size_of(entry)
        if batch and (len(batch) == _ENTRIES_PER_BATCH or size > room):
            yield batch
            batch, room = [], LARGEST_BATCH
        batch.append(entry)
        room -= size
    if batch:
        yield batch


def _check_size(name: str, size: int) -> None:
    if size > LARGEST_BATCH:
        raise PublishError(f"{name}: {size} bytes; at most {LARGEST_BATCH} can be sent")


class EventBridgePublisher:
    """An `EventPublisher` that puts events on a bus."""

    def __init__(self, client: EventBridgeClient, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, events: Sequence[Event]) -> None:
        """Put every event on the bus, in order; nothing is sent if one of them is too large."""
        entries = [self._entry(event) for event in events]
        send_in_batches(f"bus {self._bus_name}", entries, _entry_size, self._send)

    def _entry(self, event: Event) -> PutEventsRequestEntryTypeDef:
        entry: PutEventsRequestEntryTypeDef = {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Detail": event.model_dump_json(),
            "Time": event.at,
        }
        _check_size(f"{event.detail_type} at {event.at}", _entry_size(entry))
        return entry

    def _send(
        self, batch: list[PutEventsRequestEntryTypeDef]
    ) -> list[Refusal[PutEventsRequestEntryTypeDef]]:
        with aws_errors(f"bus {self._bus_name}", PublishError):
            answer = self._client.put_events(Entries=batch)
        codes = [result.get("ErrorCode") for result in answer["Entries"]]
        return [
            Refusal(entry, code, code in _TRANSIENT_CODES)
            for entry, code in zip(batch, codes, strict=True)
            if code
        ]


def _entry_size(entry: PutEventsRequestEntryTypeDef) -> int:
    """Return the size by which EventBridge measures: texts in UTF-8, and 14 bytes for the time."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return _TIME_BYTES + sum(len(text.encode()) for text in texts)


class SnsNotifier:
    """A `Notifier` that publishes to a topic."""

    def __init__(self, client: SNSClient, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Publish every notification."""
        topic = f"topic {self._topic_arn}"
        send_in_batches(topic, list(notifications), _message_size, self._send)

    def _send(self, batch: list[Notification]) -> list[Refusal[Notification]]:
        # Ids need be unique only within a batch; the notification's own is in its message.
        entries = [_message(str(number), entry) for number, entry in enumerate(batch)]
        with aws_errors(f"topic {self._topic_arn}", PublishError):
            answer = self._client.publish_batch(
                TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
            )
        return [
            Refusal(batch[int(failed["Id"])], failed["Code"], not failed["SenderFault"])
            for failed in answer.get("Failed", [])
        ]


class SesClient(Protocol):
    """The part of botocore's client of SES that is used."""

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        """Send a mail."""


class SesMailer:
    """A `Mailer` that sends by SES, without tracking of opened mails or followed links.

    `unsubscribe` is the address, of a page or a mailbox, that mail programs offer to end the mails.
    """

    def __init__(self, client: SesClient, sender: str, unsubscribe: str) -> None:
        self._client = client
        self._sender = sender
        self._unsubscribe = unsubscribe

    def send(self, mail: Mail) -> None:
        """Send a mail; errors do not show its address."""
        simple = {
            "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
            "Headers": [{"Name": "List-Unsubscribe", "Value": f"<{self._unsubscribe}>"}],
        }
        try:
            with aws_errors("mail", PublishError):
                self._client.send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [mail.address]},
                    Content={"Simple": simple},
                )
        except PublishError as error:
            raise PublishError(str(error).replace(mail.address, "(address)")) from None


def _message(id_: str, notification: Notification) -> PublishBatchRequestEntryTypeDef:
    return {
        "Id": id_,
        "Message": notification.model_dump_json(),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in _attributes(notification).items()
        },
    }


def _attributes(notification: Notification) -> dict[str, str]:
    return {
        "userId": notification.user_id,
        "ticker": notification.ticker,
        "kind": notification.kind,
    }


def _message_size(notification: Notification) -> int:
    """Return the size by which SNS measures: the message, and attributes with name and type."""
    attributes = _attributes(notification)
    texts = [notification.model_dump_json(), *attributes, *attributes.values()]
    return len(attributes) * len("String") + sum(len(text.encode()) for text in texts)
