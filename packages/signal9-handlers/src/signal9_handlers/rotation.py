"""The Lambda function that rotates Auth0's client secret, called by Secrets Manager."""

from typing import TypedDict

from aws_lambda_powertools.utilities.typing import LambdaContext

from .runtime import application, logger

__all__ = ["handler"]


class Rotation(TypedDict):
    """A step of a rotation, as Secrets Manager asks for it."""

    SecretId: str
    ClientRequestToken: str
    Step: str


@logger().inject_lambda_context(clear_state=True)
def handler(event: Rotation, context: LambdaContext) -> None:  # noqa: ARG001
    """Do one of the four steps; after an error, Secrets Manager repeats all of them."""
    step = event["Step"]
    application().rotate_secret(event["SecretId"], event["ClientRequestToken"], step)
    logger().info("rotation step done", step=step)
