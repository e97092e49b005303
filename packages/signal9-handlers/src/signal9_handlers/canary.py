"""The Lambda function that checks the stage: after every deployment, and on a schedule."""

from collections.abc import Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.schemas.operations import SmokeRequest

from .metrics import put_checks
from .runtime import application, logger

__all__ = ["handler"]


@logger().inject_lambda_context(clear_state=True)
def handler(event: Mapping[str, object], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001
    """Return the checks; one that fails is logged and counted, and no error of this function."""
    answer = application().pipeline.check_stage(SmokeRequest.model_validate(event))
    for check in answer.failed:
        logger().error("check failed", check=check.name, reason=check.message)
    put_checks(answer)
    return answer.model_dump(mode="json")
