"""What a message of the failure queue says: which event failed, where, and why."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from signal9_core.errors import InputError
from signal9_core.events import IngestionFailed

__all__ = ["FailedEvent", "failed_event"]


class FailedEvent(NamedTuple):
    """An event that came to nothing; `function` is what it was meant for."""

    event_id: str
    detail_type: str
    function: str
    reason: str


def failed_event(record: SQSRecord) -> FailedEvent:
    """Read any of the three kinds of message; `InputError` for what is none of them."""
    try:
        body = json.loads(record.body)
    except ValueError as error:
        raise InputError("body", f"of message {record.message_id} is not JSON") from error
    if not isinstance(body, dict):
        raise InputError("body", f"of message {record.message_id} is no object")
    if "requestContext" in body:
        return _failed_invocation(body)
    if "ERROR_CODE" in record.message_attributes:
        return _failed_delivery(body, record)
    if body.get("detail-type") == IngestionFailed.detail_type:
        return _failed_ingestion(body)
    raise InputError("body", f"of message {record.message_id} tells of no failure")


def _failed_invocation(body: Mapping[str, object]) -> FailedEvent:
    """Read what Lambda sends to the on-failure destination of a function."""
    context, answer = _object(body, "requestContext"), _object(body, "responsePayload")
    event = _object(body, "requestPayload")
    message = ": ".join(
        str(answer[name]) for name in ("errorType", "errorMessage") if answer.get(name)
    )
    return FailedEvent(
        event_id=str(event.get("id", context.get("requestId"))),
        detail_type=str(event.get("detail-type")),
        function=str(context.get("functionArn")),
        reason=message or str(context.get("condition")),
    )


def _failed_delivery(event: Mapping[str, object], record: SQSRecord) -> FailedEvent:
    """Read what EventBridge sends to the dead-letter queue of a rule's target."""

    def attribute(name: str) -> str | None:
        found = record.message_attributes[name]
        return None if found is None else found.string_value

    return FailedEvent(
        event_id=str(event.get("id")),
        detail_type=str(event.get("detail-type")),
        function=str(attribute("TARGET_ARN")),
        reason=f"{attribute('ERROR_CODE')}: {attribute('ERROR_MESSAGE')}",
    )


def _failed_ingestion(event: Mapping[str, object]) -> FailedEvent:
    """Read the event that an ingest announces a failure with."""
    detail = _object(event, "detail")
    where = f"{detail.get('dataSet')} of {detail.get('ticker') or 'all companies'}"
    return FailedEvent(
        event_id=str(event.get("id")),
        detail_type=IngestionFailed.detail_type,
        function="ingest",
        reason=f"{where}: {detail.get('reason')}",
    )


def _object(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}
