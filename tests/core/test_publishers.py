"""Events and notifications arrive, each accepted one once, whatever is refused in between."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from traceback import format_exception
from typing import Any, cast

import boto3
import pytest
import stamina
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from signal9_core.aws import aws_client
from signal9_core.domain.users import Notification
from signal9_core.errors import PublishError
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    IngestionFailed,
    NewsSentimentAnalyzed,
    PricesUpdated,
    event_from,
)
from signal9_core.ports import Mail
from signal9_core.publishers.aws import (
    LARGEST_BATCH,
    EventBridgePublisher,
    Refusal,
    SesMailer,
    SnsNotifier,
    send_in_batches,
)
from signal9_core.publishers.in_process import InProcessEventBus, MemoryNotifier
from tests.emulator import CREDENTIALS
from tests.fakes import NOW


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=8):
        yield


def prices_updated(ticker: str) -> PricesUpdated:
    return PricesUpdated(
        at=NOW, ticker=ticker, first=date(2024, 1, 2), last=date(2024, 1, 5), count=4
    )


def notification(ticker: str, title: str = "Up") -> Notification:
    return Notification(
        id=f"{ticker}-1",
        user_id="auth0|1",
        kind="news",
        ticker=ticker,
        title=title,
        url=f"/api/v1/news/{ticker}-1",
        created_at=datetime(2024, 1, 8, 12, tzinfo=UTC),
    )


class Receiver:
    """Takes numbers, refusing each as often as it should."""

    def __init__(self, refusals: dict[int, int]) -> None:
        self.taken: list[int] = []
        self.batches: list[list[int]] = []
        self._left = dict(refusals)

    def __call__(self, batch: list[int]) -> list[Refusal[int]]:
        self.batches.append(list(batch))
        refused = [number for number in batch if self._left.get(number, 0)]
        for number in refused:
            self._left[number] -= 1
        self.taken += (number for number in batch if number not in refused)
        return [Refusal(number, "Throttled", transient=True) for number in refused]


@given(count=st.integers(0, 35), refusals=st.dictionaries(st.integers(0, 34), st.integers(1, 6)))
def test_every_entry_is_taken_exactly_once_however_often_it_is_refused(
    count: int, refusals: dict[int, int]
) -> None:
    receiver = Receiver(refusals)

    send_in_batches("numbers", range(count), lambda _: 0, receiver)

    assert sorted(receiver.taken) == list(range(count))
    assert all(len(batch) <= 10 for batch in receiver.batches)


def test_entries_refused_to_the_end_are_named_and_all_others_sent() -> None:
    receiver = Receiver({1: 99, 12: 99, 13: 1})

    with pytest.raises(PublishError, match=r"^numbers: 2 of 25 refused: 2 Throttled$") as raised:
        send_in_batches("numbers", range(25), lambda _: 0, receiver)

    assert raised.value.refused == [1, 12]
    assert sorted(receiver.taken) == [number for number in range(25) if number not in {1, 12}]


def test_entries_that_a_broken_connection_left_unsent_count_as_refused() -> None:
    receiver = Receiver({1: 1, 12: 1})

    def send(batch: list[int]) -> list[Refusal[int]]:
        if batch == [12]:
            raise PublishError("no connection")
        return receiver(batch)

    with pytest.raises(PublishError, match="no connection") as raised:
        send_in_batches("numbers", range(25), lambda _: 0, send)

    assert raised.value.refused == [12, *range(20, 25)]
    assert sorted(receiver.taken) == [*range(12), *range(13, 20)]


@given(sizes=st.lists(st.integers(0, LARGEST_BATCH), max_size=30))
def test_no_batch_carries_more_bytes_than_a_request_may(sizes: list[int]) -> None:
    receiver = Receiver({})

    send_in_batches("numbers", range(len(sizes)), sizes.__getitem__, receiver)

    assert receiver.taken == list(range(len(sizes)))
    assert all(
        sum(sizes[number] for number in batch) <= LARGEST_BATCH for batch in receiver.batches
    )


class Inbox:
    """A queue that takes whatever it is sent."""

    def __init__(self) -> None:
        self._sqs = boto3.client("sqs")
        self._url = self._sqs.create_queue(QueueName="inbox")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.arn = attributes["Attributes"]["QueueArn"]

    def messages(self) -> list[dict[str, Any]]:
        """Take out everything that arrived."""
        bodies: list[dict[str, Any]] = []
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return bodies
            for message in answer["Messages"]:
                bodies.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Inbox()


def test_events_arrive_on_the_bus_in_the_form_that_handlers_read(inbox: Inbox) -> None:
    events = boto3.client("events")
    events.create_event_bus(Name="bus")
    pattern = json.dumps({"source": ["signal9.data"]})
    events.put_rule(Name="all", EventBusName="bus", EventPattern=pattern)
    events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "inbox", "Arn": inbox.arn}])
    sent = [
        *(prices_updated(f"T{number}") for number in range(23)),
        AssetDataUpdated(at=NOW, tickers=("BRK.B",), data_set="overview"),
    ]

    EventBridgePublisher(aws_client("events"), "bus").publish(sent)

    arrived = inbox.messages()
    assert {message["source"] for message in arrived} == {"signal9.data"}
    assert sorted(map(event_from, arrived), key=repr) == sorted(sent, key=repr)


def test_notifications_arrive_with_attributes_to_filter_by(inbox: Inbox) -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="users")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    sent = [notification(f"T{number}") for number in range(12)]

    SnsNotifier(aws_client("sns"), topic).notify(iter(sent))

    arrived = inbox.messages()
    read = [Notification.model_validate_json(message["Message"]) for message in arrived]
    assert sorted(read, key=repr) == sorted(sent, key=repr)
    attributes = arrived[0]["MessageAttributes"]
    assert {name: attribute["Value"] for name, attribute in attributes.items()} == {
        "userId": "auth0|1",
        "ticker": read[0].ticker,
        "kind": "news",
    }


class Aws:
    """A client of EventBridge and SNS that refuses entries by ticker, code after code."""

    def __init__(self, **codes: list[str]) -> None:
        self.taken: list[str] = []
        self.requests: list[int] = []
        self._codes = codes

    def _code(self, text: str) -> str | None:
        ticker = json.loads(text)["ticker"]
        if self._codes.get(ticker):
            return self._codes[ticker].pop(0)
        self.taken.append(ticker)
        return None

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, object]:  # noqa: N803
        self.requests.append(len(Entries))
        codes = [self._code(entry["Detail"]) for entry in Entries]
        results = [{"ErrorCode": code} if code else {"EventId": "1"} for code in codes]
        return {"FailedEntryCount": sum(map(bool, codes)), "Entries": results}

    def publish_batch(
        self,
        TopicArn: str,  # noqa: N803
        PublishBatchRequestEntries: list[dict[str, str]],  # noqa: N803
    ) -> dict[str, object]:
        self.requests.append(len(PublishBatchRequestEntries))
        codes = {entry["Id"]: self._code(entry["Message"]) for entry in PublishBatchRequestEntries}
        failed = [
            {"Id": id_, "Code": code, "SenderFault": code == "Malformed"}
            for id_, code in codes.items()
            if code
        ]
        return {"Successful": [], "Failed": failed}


def publish(aws: object, *tickers: str) -> None:
    EventBridgePublisher(cast("Any", aws), "x").publish([*map(prices_updated, tickers)])


def notify(aws: object, *tickers: str) -> None:
    SnsNotifier(cast("Any", aws), "x").notify(map(notification, tickers))


@pytest.mark.parametrize("send", [publish, notify])
def test_only_refused_entries_are_sent_again(send: Any) -> None:
    aws = Aws(T3=["ThrottlingException"] * 2, T12=["InternalFailure"])
    tickers = [f"T{number}" for number in range(14)]

    send(aws, *tickers)

    assert sorted(aws.taken) == sorted(tickers)
    assert aws.requests == [10, 1, 1, 4, 1]


@pytest.mark.parametrize("send", [publish, notify])
def test_what_stays_refused_is_counted_by_code_and_the_others_arrive(send: Any) -> None:
    aws = Aws(T1=["ThrottlingException"] * 99, T2=["Malformed"])

    with pytest.raises(PublishError, match="2 of 3 refused: 1 Malformed, 1 ThrottlingException"):
        send(aws, "T0", "T1", "T2")

    assert aws.taken == ["T0"]
    assert aws.requests == [3, *[1] * 7]


def test_an_entry_that_is_too_large_is_named_and_nothing_is_sent() -> None:
    aws: Any = Aws()
    huge = IngestionFailed(
        at=NOW,
        ticker="AAPL",
        data_set="listing",
        reason="ö" * (LARGEST_BATCH // 2),
        transient=False,
    )

    with pytest.raises(PublishError, match=r"^Ingestion Failed at 2024-01-08 .*: 26\d{4} bytes"):
        EventBridgePublisher(aws, "bus").publish([prices_updated("AAPL"), huge])

    assert not aws.taken


MAIL = Mail("ada@example.com", "Signal9: Ünternehmen", "Text.")


def mailer() -> tuple[SesMailer, Stubber]:
    client = aws_client("sesv2", region="us-east-1", attempts=1)
    unsubscribe = "https://app.example.com"
    return SesMailer(client, "news@example.com", unsubscribe), Stubber(client)


def test_a_mail_is_plain_text_that_can_be_unsubscribed_from() -> None:
    ses, stubber = mailer()
    content = {
        "Subject": {"Data": MAIL.subject, "Charset": "UTF-8"},
        "Body": {"Text": {"Data": "Text.", "Charset": "UTF-8"}},
        "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://app.example.com>"}],
    }
    expected = {
        "FromEmailAddress": "news@example.com",
        "Destination": {"ToAddresses": ["ada@example.com"]},
        "Content": {"Simple": content},
    }
    stubber.add_response("send_email", {"MessageId": "1"}, expected)

    with stubber:
        ses.send(MAIL)

    stubber.assert_no_pending_responses()


def test_an_error_of_ses_does_not_show_the_address() -> None:
    ses, stubber = mailer()
    stubber.add_client_error("send_email", "MessageRejected", f"Not verified: {MAIL.address}")

    with stubber, pytest.raises(PublishError, match=r"Not verified: \(address\)") as caught:
        ses.send(MAIL)

    assert MAIL.address not in "".join(format_exception(caught.value))


@pytest.mark.parametrize("send", [publish, notify])
@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://events.example.com"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"),
    ],
)
def test_an_error_of_botocore_becomes_a_publish_error(send: Any, error: Exception) -> None:
    class Broken:
        def put_events(self, **_: object) -> None:
            raise error

        publish_batch = put_events

    with pytest.raises(PublishError, match=r"(bus|topic) x: ") as caught:
        send(Broken(), "AAPL")

    assert caught.value.__cause__ is error
    assert len(caught.value.refused) == 1


def test_nothing_to_publish_asks_nothing_of_the_bus() -> None:
    publish(object())
    notify(object())


def test_everything_that_follows_is_done_when_publish_returns() -> None:
    bus, done = InProcessEventBus(), []

    def analyze(event: Event) -> None:
        if isinstance(event, PricesUpdated):
            bus.publish(
                [
                    NewsSentimentAnalyzed(
                        at=NOW, ticker=event.ticker, score=Decimal(0), sample_size=1
                    )
                ]
            )
            done.append(f"analyzed {event.ticker}")

    def notify_users(event: Event) -> None:
        done.append(f"notified of {event.detail_type}")

    bus.subscribe(analyze)
    bus.subscribe(notify_users)
    bus.publish([prices_updated("AAPL"), prices_updated("MSFT")])

    assert done == [
        "notified of News Sentiment Analyzed",
        "analyzed AAPL",
        "notified of Prices Updated",
        "notified of News Sentiment Analyzed",
        "analyzed MSFT",
        "notified of Prices Updated",
    ]


def test_an_error_of_a_subscriber_reaches_the_publisher() -> None:
    bus = InProcessEventBus()

    def fail(event: Event) -> None:
        raise PublishError(f"no topic for {event.detail_type}")

    bus.subscribe(fail)

    with pytest.raises(PublishError, match="no topic for Prices Updated"):
        bus.publish([prices_updated("AAPL")])


def test_a_notification_that_comes_twice_is_kept_once() -> None:
    notifier = MemoryNotifier()

    notifier.notify([notification("AAPL"), notification("MSFT")])
    notifier.notify([notification("AAPL")])

    assert [sent.ticker for sent in notifier.sent] == ["AAPL", "MSFT"]
