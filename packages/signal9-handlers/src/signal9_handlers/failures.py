"""The Lambda function behind the failure queue: logs and counts events that failed for good."""

import json
from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.errors import InputError
from signal9_core.events import IngestionFailed

from .runtime import logger

__all__ = ["FAILED_EVENTS", "handler"]

FAILED_EVENTS: Final = "FailedEvents"
"""The name of the metric."""

metrics = Metrics(namespace="Signal9", service="signal9")
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

Body = Mapping[str, object]


@logger().inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """Report all messages of a batch; unreadable ones stay in the queue."""
    return process_partial_response(
        event=event, record_handler=_report, processor=_processor, context=context
    )


def _report(record: SQSRecord) -> None:
    metrics.add_metric(name=FAILED_EVENTS, unit=MetricUnit.Count, value=1)
    try:
        failed = _failed_event(record)
    except InputError:
        # The processor only tells SQS that it failed, not why.
        logger().exception("a message of the failure queue cannot be read")
        raise
    logger().error("event failed", extra=failed)


def _failed_event(record: SQSRecord) -> dict[str, str]:
    try:
        body = json.loads(record.body)
    except ValueError as error:
        raise InputError("body", f"message {record.message_id} is not JSON") from error
    if isinstance(body, dict) and "requestContext" in body:
        return _failed_invocation(body)
    if isinstance(body, dict) and "ERROR_CODE" in record.message_attributes:
        return _failed_delivery(body, record)
    if isinstance(body, dict) and body.get("detail-type") == IngestionFailed.detail_type:
        return _failed_ingestion(body)
    raise InputError("body", f"message {record.message_id} does not describe a failure")


def _failed_invocation(body: Body) -> dict[str, str]:
    """Read a message from a function's on-failure destination."""
    context, response = _object(body, "requestContext"), _object(body, "responsePayload")
    event = _object(body, "requestPayload")
    reasons = [str(response[name]) for name in ("errorType", "errorMessage") if response.get(name)]
    return {
        "event_id": str(event.get("id", context.get("requestId"))),
        "detail_type": str(event.get("detail-type")),
        "function": str(context.get("functionArn")),
        "reason": ": ".join(reasons) or str(context.get("condition")),
    }


def _failed_delivery(event: Body, record: SQSRecord) -> dict[str, str]:
    """Read a message from the dead-letter queue of an EventBridge target."""
    names = ("TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE")
    attributes = (record.message_attributes[name] for name in names)
    target, code, message = (value.string_value if value else None for value in attributes)
    return {
        "event_id": str(event.get("id")),
        "detail_type": str(event.get("detail-type")),
        "function": str(target),
        "reason": f"{code}: {message}",
    }


def _failed_ingestion(event: Body) -> dict[str, str]:
    """Read an `IngestionFailed` event."""
    detail = _object(event, "detail")
    subject = f"{detail.get('dataSet')} of {detail.get('ticker') or 'all companies'}"
    return {
        "event_id": str(event.get("id")),
        "detail_type": IngestionFailed.detail_type,
        "function": "ingest",
        "reason": f"{subject}: {detail.get('reason')}",
    }


def _object(body: Body, name: str) -> Body:
    value = body.get(name)
    return value if isinstance(value, dict) else {}
