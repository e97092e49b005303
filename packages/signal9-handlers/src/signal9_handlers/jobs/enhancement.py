"""Works out insights when facts have changed."""

from aws_lambda_powertools.logging.correlation_paths import EVENT_BRIDGE
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.events import event_from

from ..log import logger
from ..runtime import application

__all__ = ["handler"]


@logger.inject_lambda_context(correlation_id_path=EVENT_BRIDGE, clear_state=True)
def handler(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Work out what the event touches."""
    application().update_insights(event_from(event))
    logger.info("enhanced", detail_type=event["detail-type"])
