"""API Gateway's own errors as problem documents (RFC 9457)."""

import json
from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

__all__ = ["PROBLEMS", "add_problem_responses"]

_Type = apigateway.ResponseType

_MESSAGE: Final = "$context.error.messageString"
_AUTHORIZER_FAILED: Final = '"The caller cannot be authenticated now."'
_VALIDATION: Final = '"$context.error.validationErrorString"'
_NO_PATH: Final = '"No resource at $context.path"'

PROBLEMS: Final = {
    "Default4xx": (_Type.DEFAULT_4_XX, None, "Request refused", _MESSAGE),
    "Default5xx": (_Type.DEFAULT_5_XX, None, "Service failed", _MESSAGE),
    "BadBody": (_Type.BAD_REQUEST_BODY, 400, "Bad Request", _VALIDATION),
    "BadParameters": (_Type.BAD_REQUEST_PARAMETERS, 400, "Bad Request", _MESSAGE),
    "Unauthorized": (_Type.UNAUTHORIZED, 401, "Unauthorized", _MESSAGE),
    "NoJudge": (_Type.AUTHORIZER_FAILURE, 503, "Service Unavailable", _AUTHORIZER_FAILED),
    "NoVerdict": (
        _Type.AUTHORIZER_CONFIGURATION_ERROR,
        503,
        "Service Unavailable",
        _AUTHORIZER_FAILED,
    ),
    "Denied": (_Type.ACCESS_DENIED, 403, "Forbidden", _MESSAGE),
    # API Gateway answers this for an unknown path.
    "NoRoute": (_Type.MISSING_AUTHENTICATION_TOKEN, 404, "Not Found", _NO_PATH),
    "NotFound": (_Type.RESOURCE_NOT_FOUND, 404, "Not Found", _MESSAGE),
    "TooLarge": (_Type.REQUEST_TOO_LARGE, 413, "Content Too Large", _MESSAGE),
    "Throttled": (_Type.THROTTLED, 429, "Too Many Requests", _MESSAGE),
    "OverQuota": (_Type.QUOTA_EXCEEDED, 429, "Too Many Requests", _MESSAGE),
    "Timeout": (_Type.INTEGRATION_TIMEOUT, 504, "Gateway Timeout", _MESSAGE),
}

_HEADERS: Final[Mapping[int | None, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": "'Bearer'"},
    503: {"Retry-After": "'30'"},
}


def add_problem_responses(
    scope: Construct, api: apigateway.IRestApi, headers: Mapping[str, str]
) -> None:
    """Make every error of API Gateway itself a problem document with `headers`."""
    for id_, (type_, status, title, detail) in PROBLEMS.items():
        apigateway.GatewayResponse(
            scope,
            id_,
            rest_api=api,
            type=type_,
            status_code=None if status is None else str(status),
            response_headers={
                "Content-Type": "'application/problem+json'",
                **headers,
                **_HEADERS.get(status, {}),
            },
            templates={"application/json": _document(status, title, detail)},
        )


def _document(status: int | None, title: str, detail: str) -> str:
    # A default response is for several statuses, and its template cannot tell which.
    members = {} if status is None else {"status": status}
    fixed = json.dumps({"type": "about:blank", "title": title, "errors": [], **members})
    return f'{fixed[:-1]}, "detail": {detail}}}'
