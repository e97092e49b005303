"""Reports whatever failed for good: one line in the log and one in the metric for each event."""

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

from ..log import logger
from .dead_letters import failed_event

__all__ = ["FAILED_EVENTS", "handler"]

FAILED_EVENTS: Final = "FailedEvents"
"""How many events failed for good; the metric's name."""

metrics = Metrics(namespace="Signal9", service="signal9")
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """Report every message of the batch; those that cannot be read stay in the queue."""
    return process_partial_response(
        event=event, record_handler=_report, processor=_processor, context=context
    )


def _report(record: SQSRecord) -> None:
    metrics.add_metric(name=FAILED_EVENTS, unit=MetricUnit.Count, value=1)
    try:
        failed = failed_event(record)
    except InputError:
        # The processor tells SQS only, and nobody why.
        logger.exception("a message of the failure queue cannot be read")
        raise
    logger.error("event failed", **failed._asdict())
