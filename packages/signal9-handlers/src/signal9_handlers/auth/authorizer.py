"""The Lambda authorizer: API Gateway asks it once per token, and keeps the answer for a while."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.errors import RefusedError
from signal9_core.settings import load_settings

from ..log import logger
from .tokens import TokenVerifier, verifier_of

__all__ = ["UnauthorizedError", "handler", "verifier"]


class UnauthorizedError(Exception):
    """What API Gateway answers 401 to: it looks for this very message."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@cache
def verifier() -> TokenVerifier:
    """Return what checks tokens; `SettingsError` where no issuer is set, so that nobody gets in."""
    return verifier_of(load_settings())


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Tell who is asking, for every path of the stage; a token that does not hold is refused.

    Which path needs which scope is seen to by the handlers. So what is kept for a token is right
    for all of them, and tells nothing about any.
    """
    try:
        identity = verifier()(_authorization(event))
    except RefusedError as error:
        logger.info("refused", reason=str(error))
        raise UnauthorizedError from None
    return {
        "principalId": identity.user_id,
        "policyDocument": _policy(event["methodArn"]),
        "context": identity.context(),
    }


def _authorization(event: Mapping[str, Any]) -> str:
    """Return the header, of an authorizer for tokens as well as of one for requests."""
    if "authorizationToken" in event:
        return str(event["authorizationToken"])
    headers: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    given = [each for name in headers if name.lower() == "authorization" for each in headers[name]]
    if len(given) > 1:
        raise RefusedError("The header Authorization is sent more than once.")
    return given[0] if given else ""


def _policy(method_arn: str) -> dict[str, Any]:
    stage = "/".join(method_arn.split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{stage}/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
