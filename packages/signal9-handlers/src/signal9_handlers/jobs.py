"""Lambda functions that run on a schedule or an event."""

from datetime import timedelta
from typing import Final

from aws_lambda_powertools.logging.correlation_paths import EVENT_BRIDGE
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.errors import PublishError
from signal9_core.events import event_from

from .runtime import application, logger

__all__ = ["ingest", "notify", "send_notifications", "update_insights"]

_RESERVE: Final = timedelta(minutes=2)
"""One company takes no longer, so that a run ends before it is killed."""


_SENDING: Final = timedelta(seconds=60)
"""Sending to one user takes no longer."""


@logger().inject_lambda_context(clear_state=True)
def ingest(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Ingest what is due; a provider's failures are announced, a store's are raised."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis()) - _RESERVE
    app = application()
    answer = app.run(until=app.clock() + left)
    logger().info(
        "ingested",
        provider=answer.provider,
        changed=answer.changed,
        stored=answer.stored,
        failed=len(answer.failed),
        left=answer.left,
    )


@logger().inject_lambda_context(correlation_id_path=EVENT_BRIDGE, clear_state=True)
def update_insights(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Update the insights that depend on what changed."""
    application().update_insights(event_from(event))
    logger().info("insights updated", detail_type=event["detail-type"])


@logger().inject_lambda_context(correlation_id_path=EVENT_BRIDGE, clear_state=True)
def notify(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Notify the users who follow the company or topic."""
    count = application().notify(event_from(event))
    logger().info("notified", detail_type=event["detail-type"], count=count)


@logger().inject_lambda_context(clear_state=True)
def send_notifications(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Send the notifications that are due; what was refused is raised, and sent by a later run."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis()) - _SENDING
    app = application()
    answer = app.send_notifications(app.clock() + left)
    logger().info("notifications sent", **answer.model_dump())
    if answer.refused:
        raise PublishError(f"{answer.refused} notifications were refused: {answer.reason}")
