"""API Gateway's own errors as problem documents (RFC 9457), readable from a browser."""

import json
from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from .cors import Cors

__all__ = ["add_problem_responses"]

_MESSAGE: Final = "$context.error.messageString"
_NO_VERDICT: Final = '"Who is asking cannot be found out now."'
_VALIDATION: Final = '"$context.error.validationErrorString"'

_PROBLEMS: Final = {
    "Default4xx": (apigateway.ResponseType.DEFAULT_4_XX, None, "Request refused", _MESSAGE),
    "Default5xx": (apigateway.ResponseType.DEFAULT_5_XX, None, "Service failed", _MESSAGE),
    "BadBody": (apigateway.ResponseType.BAD_REQUEST_BODY, 400, "Bad Request", _VALIDATION),
    "BadParameters": (apigateway.ResponseType.BAD_REQUEST_PARAMETERS, 400, "Bad Request", _MESSAGE),
    "Unauthorized": (apigateway.ResponseType.UNAUTHORIZED, 401, "Unauthorized", _MESSAGE),
    "NoJudge": (
        apigateway.ResponseType.AUTHORIZER_FAILURE,
        503,
        "Service Unavailable",
        _NO_VERDICT,
    ),
    "NoVerdict": (
        apigateway.ResponseType.AUTHORIZER_CONFIGURATION_ERROR,
        503,
        "Service Unavailable",
        _NO_VERDICT,
    ),
    "Denied": (apigateway.ResponseType.ACCESS_DENIED, 403, "Forbidden", _MESSAGE),
    # API Gateway says this of a path that it does not have.
    "NoRoute": (
        apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN,
        404,
        "Not Found",
        '"There is nothing at $context.path"',
    ),
    "NotFound": (apigateway.ResponseType.RESOURCE_NOT_FOUND, 404, "Not Found", _MESSAGE),
    "TooLarge": (apigateway.ResponseType.REQUEST_TOO_LARGE, 413, "Content Too Large", _MESSAGE),
    "Throttled": (apigateway.ResponseType.THROTTLED, 429, "Too Many Requests", _MESSAGE),
    "OverQuota": (apigateway.ResponseType.QUOTA_EXCEEDED, 429, "Too Many Requests", _MESSAGE),
    "Timeout": (apigateway.ResponseType.INTEGRATION_TIMEOUT, 504, "Gateway Timeout", _MESSAGE),
}

_BESIDE: Final[Mapping[int | None, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": "'Bearer'"},
    503: {"Retry-After": "'30'"},
}
"""What is to be said beside a problem, by its status."""


def add_problem_responses(scope: Construct, api: apigateway.IRestApi, cors: Cors) -> None:
    """Make every error of API Gateway itself a problem document that browsers may read."""
    headers = {"Content-Type": "'application/problem+json'", **cors.on_errors()}
    for name, (kind, status, title, detail) in _PROBLEMS.items():
        apigateway.GatewayResponse(
            scope,
            name,
            rest_api=api,
            type=kind,
            status_code=None if status is None else str(status),
            response_headers={**headers, **_BESIDE.get(status, {})},
            templates={"application/json": _document(status, title, detail)},
        )


def _document(status: int | None, title: str, detail: str) -> str:
    # Where one template is for several statuses, API Gateway knows none while it fills it in.
    known = {} if status is None else {"status": status}
    fixed = json.dumps({"type": "about:blank", "title": title, "errors": [], **known})
    return f'{fixed[:-1]}, "detail": {detail}}}'
