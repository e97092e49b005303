"""Refreshes the stalest companies, on a schedule."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from ..log import logger
from ..runtime import application

__all__ = ["handler"]


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, object], context: LambdaContext) -> None:  # noqa: ARG001
    """Refresh a batch; what a provider does not give is announced, what a store refuses raised."""
    answer = application().refresh()
    logger.info(
        "refreshed",
        provider=answer.provider,
        changed=answer.changed,
        stored=answer.stored,
        failed=len(answer.failed),
    )
