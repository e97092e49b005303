"""Renews the key that signs cursors, when Secrets Manager says so."""

from collections.abc import Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from ..log import logger
from ..runtime import application

__all__ = ["handler"]


@logger.inject_lambda_context(clear_state=True)
def handler(event: Mapping[str, str], context: LambdaContext) -> None:  # noqa: ARG001
    """Take one of the four steps; one that fails is called again."""
    step, token = event["Step"], event["ClientRequestToken"]
    application().rotate_signing_key(step, event["SecretId"], token)
    logger.info("rotation step taken", step=step, version=token)
