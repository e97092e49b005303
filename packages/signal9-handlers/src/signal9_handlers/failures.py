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
from signal9_core.settings import load_settings

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
    metrics.add_dimension(name="stage", value=load_settings().stage)
    metrics.add_metric(name=FAILED_EVENTS, unit=MetricUnit.Count, value=1)
    try:
        failed = _failed_event(record)
    except InputError:
        # The processor only tells SQS that it failed, not why.
        logger().exception("a message of the failure queue cannot be read")
        raise
    logger().error("event failed", extra=failed)


def _failed_event(record: SQSRecord) -> Mapping[str, str]:
    try:
        body = json.loads(record.body)
    except ValueError as error:
        raise InputError("body", f"message {record.message_id} is not JSON") from error
    match body:
        case {"requestContext": dict(context)}:
            return _failed_invocation(body, context)
        case {} if "ERROR_CODE" in record.message_attributes:
            return _failed_delivery(body, record)
        case {"detail-type": IngestionFailed.detail_type, "detail": dict(detail)}:
            subject = f"{detail.get('dataSet')} of {detail.get('ticker') or 'all companies'}"
            return _described(body, "ingest", f"{subject}: {detail.get('reason')}")
    raise InputError("body", f"message {record.message_id} does not describe a failure")


def _failed_invocation(message: Body, context: Body) -> Mapping[str, str]:
    """Read a message from a function's on-failure destination."""
    response = _object(message.get("responsePayload"))
    reasons = [str(response[name]) for name in ("errorType", "errorMessage") if response.get(name)]
    event = {"id": context.get("requestId"), **_object(message.get("requestPayload"))}
    reason = ": ".join(reasons) or context.get("condition")
    return _described(event, context.get("functionArn"), reason)


def _failed_delivery(event: Body, record: SQSRecord) -> Mapping[str, str]:
    """Read a message from the dead-letter queue of an EventBridge target."""
    names = ("TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE")
    attributes = (record.message_attributes[name] for name in names)
    target, code, message = (value.string_value if value else None for value in attributes)
    return _described(event, target, f"{code}: {message}")


def _object(value: object) -> Body:
    return value if isinstance(value, dict) else {}


def _described(event: Body, function: object, reason: object) -> Mapping[str, str]:
    return {
        "event_id": str(event.get("id")),
        "detail_type": str(event.get("detail-type")),
        "function": str(function),
        "reason": str(reason),
    }
