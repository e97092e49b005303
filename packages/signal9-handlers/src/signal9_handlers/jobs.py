"""Lambda functions that run on a schedule, or process the messages of a queue."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.domain.queues import DELETIONS, INSIGHTS, NOTIFICATIONS, Failure, Message
from signal9_core.domain.work import WorkItem
from signal9_core.errors import PublishError, Signal9Error
from signal9_core.events import parse_event

from .metrics import put_freshness, put_ingests, put_quotas
from .runtime import application, logger

__all__ = [
    "delete_users",
    "notify",
    "plan",
    "publish_pending",
    "send_notifications",
    "update_insights",
    "work",
]

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
    app = application()
    planned = app.pipeline.plan()
    put_freshness(app)
    put_quotas(app)
    logger().info("planned", extra=planned._asdict())


@logger().inject_lambda_context(clear_state=True)
def publish_pending(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Publish the events that stopped functions have left."""
    logger().info("published", subjects=application().pipeline.publish_pending())


@logger().inject_lambda_context(clear_state=True)
def work(event: Batch, context: LambdaContext) -> Response:
    """Do work items; a provider's failures are announced as well."""
    until = _end(context, _RESERVE)
    app, messages = application(), _messages(event)
    result, failures = app.pipeline.work(messages, until)
    put_ingests(app, result.stored, [failure.data_set for failure in result.failed])
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
def delete_users(event: Batch, context: LambdaContext) -> Response:
    """Delete everything stored about users who asked for it."""
    return _handle(DELETIONS, event, context)


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
    """Return the messages of a batch; log lines carry the ids of the runs that caused them."""
    messages = [
        Message(
            record["messageId"],
            record["body"],
            int(record["attributes"]["ApproximateReceiveCount"]),
            record["receiptHandle"],
        )
        for record in event["Records"]
    ]
    causes = sorted(set(filter(None, (_cause(message.body) for message in messages))))
    logger().set_correlation_id(", ".join(causes) or None)
    return messages


def _cause(body: str) -> str | None:
    """Return the id of the run that has sent a work item or caused an event, if it can be read."""
    try:
        content = json.loads(body)
        if "detail" in content:
            return parse_event(body).correlation_id
        return WorkItem.model_validate(content).run_id
    except (RecursionError, Signal9Error, TypeError, ValueError):
        return None  # the message becomes a dead letter, with a reason


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
