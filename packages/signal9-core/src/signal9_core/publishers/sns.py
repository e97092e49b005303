"""Notifications on their way to an SNS topic, whose subscriptions choose by the attributes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..domain import Notification
from ..errors import PublishError
from .aws import client_config, publish_errors
from .delivery import LARGEST, Delivery, Refusal

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import (
        MessageAttributeValueTypeDef,
        PublishBatchRequestEntryTypeDef,
    )

__all__ = ["SnsNotifier", "sns_client"]


def sns_client(*, region: str | None = None, endpoint_url: str | None = None) -> "SNSClient":
    """Return a client; what is not given comes from where AWS's tools take it."""
    import boto3  # noqa: PLC0415  # core runs without it

    return boto3.client(
        "sns", region_name=region, endpoint_url=endpoint_url, config=client_config()
    )


class SnsNotifier:
    """A `Notifier` that publishes to a topic."""

    def __init__(
        self, client: "SNSClient", topic_arn: str, delivery: Delivery | None = None
    ) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._deliver = delivery or Delivery()

    def notify(self, notifications: Iterable[Notification]) -> None:
        """Publish every notification; nothing is sent if one of them is too large."""
        found = list(notifications)
        for each in found:
            if _size(each) > LARGEST:
                raise PublishError(
                    f"notification {each.id}: {_size(each)} bytes, more than the {LARGEST} allowed"
                )
        self._deliver(f"notifications for topic {self._topic_arn}", found, _size, self._send)

    def _send(self, batch: list[Notification]) -> list[Refusal]:
        entries = [_entry(place, each) for place, each in enumerate(batch)]
        with publish_errors(f"topic {self._topic_arn}"):
            answer = self._client.publish_batch(
                TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
            )
        return [
            Refusal(int(each["Id"]), each["Code"], not each["SenderFault"])
            for each in answer.get("Failed", [])
        ]


def _entry(place: int, notification: Notification) -> "PublishBatchRequestEntryTypeDef":
    # Ids need be unique only within a batch; the notification's own is in its message.
    return {
        "Id": str(place),
        "Message": notification.model_dump_json(),
        "MessageAttributes": {
            name: _text(value) for name, value in _attributes(notification).items()
        },
    }


def _attributes(notification: Notification) -> dict[str, str]:
    return {
        "userId": notification.user_id,
        "ticker": notification.ticker,
        "kind": notification.kind,
    }


def _text(value: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": value}


def _size(notification: Notification) -> int:
    """Return the size by which SNS measures: the message, and attributes with name and type."""
    attributes = _attributes(notification)
    texts = [notification.model_dump_json(), *attributes, *attributes.values()]
    return len(attributes) * len("String") + sum(len(text.encode()) for text in texts)
