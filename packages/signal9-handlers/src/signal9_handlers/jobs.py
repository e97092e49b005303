"""Lambda functions that run on a schedule, or process the messages of a queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.domain.queues import INSIGHTS, NOTIFICATIONS, Failure, Message
from signal9_core.errors import PublishError

from .metrics import put_freshness
from .runtime import application, logger

__all__ = ["notify", "plan", "send_notifications", "update_insights", "work"]

_RESERVE: Final = timedelta(minutes=3)
"""One work item takes no longer, so that a batch ends before it is killed."""

_RESERVE_OF_EVENTS: Final = timedelta(seconds=30)

Batch = dict[str, list[dict[str, Any]]]
Response = dict[str, list[dict[str, str]]]


_SENDING: Final = timedelta(seconds=60)
"""Sending to one user takes no longer."""


@logger().inject_lambda_context(clear_state=True)
def plan(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Send what is due to the workers of its provider."""
    planned = application().pipeline.plan()
    put_freshness()
    logger().info("planned", extra=planned._asdict())


@logger().inject_lambda_context(clear_state=True)
def work(event: Batch, context: LambdaContext) -> Response:
    """Do work items; a provider's failures are announced as well."""
    until = _end(context, _RESERVE)
    messages = _messages(event)
    result, failures = application().pipeline.work(messages, until)
    logger().info(
        "worked",
        messages=len(messages),
        changed=result.changed,
        stored=result.stored,
        failed=len(result.failed),
    )
    return _report(failures)


@logger().inject_lambda_context(clear_state=True)
def update_insights(event: Batch, context: LambdaContext) -> Response:
    """Update the insights that depend on what changed."""
    return _handle(INSIGHTS, event, context)


@logger().inject_lambda_context(clear_state=True)
def notify(event: Batch, context: LambdaContext) -> Response:
    """Notify the users who follow the company or topic."""
    return _handle(NOTIFICATIONS, event, context)


@logger().inject_lambda_context(clear_state=True)
def send_notifications(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Send the notifications that are due; what was refused is raised, and sent by a later run."""
    answer = application().send_notifications(_end(context, _SENDING))
    logger().info("notifications sent", **answer.model_dump())
    if answer.refused:
        raise PublishError(f"{answer.refused} notifications were refused: {answer.reason}")


def _handle(queue: str, event: Batch, context: LambdaContext) -> Response:
    messages = _messages(event)
    failures = application().pipeline.handle(queue, messages, _end(context, _RESERVE_OF_EVENTS))
    logger().info("handled", queue=queue, messages=len(messages))
    return _report(failures)


def _messages(event: Batch) -> list[Message]:
    return [
        Message(
            record["messageId"],
            record["body"],
            int(record["attributes"]["ApproximateReceiveCount"]),
            record["receiptHandle"],
        )
        for record in event["Records"]
    ]


def _end(context: LambdaContext, reserve: timedelta) -> datetime:
    """Return when a batch must begin nothing any more."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return application().clock() + left - reserve


def _report(failures: Sequence[Failure]) -> Response:
    """Log what failed; tell SQS which messages stay in the queue."""
    for failure in failures:
        logger().error("message failed", extra=failure._asdict())
    staying = [{"itemIdentifier": failure.id} for failure in failures if not failure.is_dead]
    return {"batchItemFailures": staying}
