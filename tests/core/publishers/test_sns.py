import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from signal9_core.domain import Notification
from signal9_core.errors import PublishError
from signal9_core.publishers import LARGEST, Delivery, SnsNotifier, sns_client

from .conftest import REGION, Inbox

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """An SNS client that refuses messages about the tickers that it is told, once each."""

    def __init__(self, *refused: str, sender_fault: bool = False) -> None:
        self.taken: list[str] = []
        self._refused = set(refused)
        self._sender_fault = sender_fault

    def publish_batch(
        self,
        TopicArn: str,  # noqa: N803
        PublishBatchRequestEntries: list[dict[str, str]],  # noqa: N803
    ) -> dict[str, object]:
        failed = []
        for entry in PublishBatchRequestEntries:
            ticker = json.loads(entry["Message"])["ticker"]
            if ticker in self._refused:
                self._refused.remove(ticker)
                failed.append(
                    {"Id": entry["Id"], "Code": "Busy", "SenderFault": self._sender_fault}
                )
            else:
                self.taken.append(ticker)
        return {"Successful": [], "Failed": failed}

    def notifier(self) -> SnsNotifier:
        return SnsNotifier(cast("SNSClient", self), "topic", Delivery(sleep=lambda _: None))


def notification(ticker: str, title: str = "Up") -> Notification:
    return Notification(
        id=f"{ticker}-1",
        user_id="auth0|1",
        kind="news",
        ticker=ticker,
        title=title,
        created_at=datetime(2024, 1, 8, 12, tzinfo=UTC),
    )


def test_notifications_arrive_with_attributes_to_choose_by(inbox: Inbox) -> None:
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="users")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    sent = [notification(f"T{number}") for number in range(12)]

    SnsNotifier(sns_client(region=REGION), topic).notify(iter(sent))

    arrived = inbox.messages()
    read = [Notification.model_validate_json(str(each["Message"])) for each in arrived]
    assert sorted(read, key=repr) == sorted(sent, key=repr)
    attributes = cast("dict[str, dict[str, str]]", arrived[0]["MessageAttributes"])
    assert {name: each["Value"] for name, each in attributes.items()} == {
        "userId": "auth0|1",
        "ticker": read[0].ticker,
        "kind": "news",
    }


def test_only_refused_notifications_are_published_again() -> None:
    topic = Topic("T1", "T11")

    topic.notifier().notify(notification(f"T{number}") for number in range(12))

    assert sorted(topic.taken) == sorted(f"T{number}" for number in range(12))


def test_a_refusal_that_is_our_fault_is_reported_and_not_repeated() -> None:
    topic = Topic("T1", sender_fault=True)

    with pytest.raises(PublishError, match="topic topic: 1 of 3 refused: 1 Busy"):
        topic.notifier().notify(notification(f"T{number}") for number in range(3))

    assert topic.taken == ["T0", "T2"]


def test_a_notification_that_is_too_large_is_named_and_nothing_is_sent() -> None:
    topic = Topic()

    with pytest.raises(PublishError, match=r"^notification MSFT-1: 26\d{4} bytes"):
        topic.notifier().notify([notification("AAPL"), notification("MSFT", "x" * LARGEST)])

    assert not topic.taken


def test_a_topic_out_of_reach_is_a_publish_error() -> None:
    class Unreachable:
        def publish_batch(self, **_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://sns.example.com")

    with pytest.raises(PublishError, match="topic topic: "):
        SnsNotifier(cast("SNSClient", Unreachable()), "topic").notify([notification("AAPL")])
