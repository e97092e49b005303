"""What may go wrong, by status: in one place, for all operations."""

from http import HTTPStatus
from typing import Any, Final

from ..api.operation import Operation
from ..api.problems import MEDIA_TYPE, NotFoundProblem, Problem
from .resources import body_of
from .schemas import REFERENCE

__all__ = ["REFUSALS", "refusal", "refusals_of"]

REFUSALS: Final = {
    400: "The request cannot be read.",
    401: "There is no valid token.",
    403: "The token does not allow this.",
    404: "The company is not known; `nearest` holds what may have been meant.",
    405: "This path has not this method; `Allow` names those it has.",
    412: "The record is no longer as it was when its `ETag` was read.",
    413: "The body is too large.",
    414: "The query is too long.",
    415: "The body is not sent as JSON.",
    422: "A parameter is unknown, malformed or out of range; `errors` names it.",
    429: "Too many requests at once; wait a moment.",
    500: "The request failed on our side.",
    502: "The function behind this path failed.",
    503: "Not available for the moment; `Retry-After` tells how many seconds to wait.",
    504: "There was no answer in time.",
}
"""Every status of a problem, and what it means."""

_ANY: Final = frozenset({400, 405, 414, 422, 429, 500, 502, 503, 504})
_HEADERS: Final = {
    401: "WWW-Authenticate",
    403: "WWW-Authenticate",
    405: "Allow",
    503: "Retry-After",
}
_DETAILS: Final = {
    401: "The token has expired.",
    404: "no ticker 'AAPPL'; did you mean AAPL, APL, AAPI?",
    422: "limit: Input should be less than or equal to 1000",
}


def refusals_of(operation: Operation) -> dict[str, Any]:
    """Return the responses of an operation that tell what went wrong."""
    codes = set(_ANY)
    codes |= set() if operation.public else {401, 403}
    codes |= {404} if any(each.name == "ticker" for each in operation.parameters) else set()
    codes |= {412} if operation.conditional else set()
    codes |= {413, 415} if body_of(operation) else set()
    found = {str(code): {"$ref": f"#/components/responses/{code}"} for code in codes}
    found |= {str(code): refusal(code, text) for code, text in operation.refusals.items()}
    return dict(sorted(found.items()))


def refusal(code: int, description: str) -> dict[str, Any]:
    """Return the response that tells what went wrong."""
    unknown = code == HTTPStatus.NOT_FOUND
    model = NotFoundProblem if unknown else Problem
    headers = ["X-Request-Id", *([_HEADERS[code]] if code in _HEADERS else [])]
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": REFERENCE.format(model=model.__name__)},
                "example": _example(code, description),
            }
        },
    }


def _example(code: int, description: str) -> dict[str, Any]:
    detail = _DETAILS.get(code, description.partition(";")[0])
    field, _, message = detail.partition(": ")
    example: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        "errors": [{"field": field, "message": message}] if code == 422 else [],  # noqa: PLR2004
    }
    return example | ({"nearest": ["AAPL"]} if code == HTTPStatus.NOT_FOUND else {})
