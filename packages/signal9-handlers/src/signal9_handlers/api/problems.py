"""Problem documents (RFC 9457): the body of every failed request."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import Field, ValidationError

from signal9_core.errors import (
    BeingDeletedError,
    InputError,
    NotFoundError,
    OutdatedError,
    RefusedError,
    Signal9Error,
)
from signal9_core.schemas.base import Answer, to_json

from ..auth.identity import MissingScopeError, NoTokenError
from ..runtime import logger
from .http import Response

__all__ = [
    "MEDIA_TYPE",
    "FieldProblem",
    "NotFoundProblem",
    "Problem",
    "ProblemError",
    "field_problems",
    "invalid",
    "path_not_found",
    "problem",
    "problem_of",
]

MEDIA_TYPE: Final = "application/problem+json"

_RETRY: Final = {"Retry-After": "5"}
_MESSAGES: Final = {"missing": "is required", "extra_forbidden": "unknown field"}
_CHOICES: Final = frozenset({"enum", "literal_error"})


class FieldProblem(Answer):
    """What is wrong with one parameter or field, by its name in the request."""

    field: str
    message: str


class Problem(Answer):
    """Why a request failed."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: Sequence[FieldProblem] = ()


class NotFoundProblem(Problem):
    """What was not found; `nearest` holds similar tickers."""

    nearest: Sequence[str] = Field(description="The most similar known tickers.")


class ProblemError(Exception):
    """A request that is answered with this problem."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.body.decode())
        self.response = response


def problem(
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document as a response."""
    document = Problem(title=status.phrase, status=status, detail=detail, errors=errors)
    return Response(status, to_json(document), MEDIA_TYPE, headers or {})


def path_not_found(path: str) -> Response:
    """Return 404 for a path that the API does not have."""
    return _not_found(f"There is nothing at {path[:200]}.", ())


def invalid(errors: Iterable[FieldProblem]) -> Response:
    """Return 422, naming every invalid parameter."""
    errors = tuple(errors)
    detail = "; ".join(f"{error.field}: {error.message}" for error in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)


def field_problems(error: ValidationError) -> Iterator[FieldProblem]:
    """Yield an error for each parameter, or field of a body, that pydantic refused."""
    messages: dict[str, str] = {}
    for details in error.errors(include_url=False):
        place = ".".join(map(str, details["loc"])) or "body"
        messages.setdefault(place, _message(details))
    for place, message in messages.items():
        yield FieldProblem(field=place, message=message)


def problem_of(error: Exception) -> Response:
    """Return the problem for an exception; one that the client did not cause is logged."""
    match error:
        case ProblemError():
            response = error.response
        case InputError():
            response = invalid([FieldProblem(field=error.field, message=error.message)])
        case NotFoundError():
            response = _not_found(str(error), error.nearest)
        case OutdatedError():
            detail = "The record has changed since it was read: read it again."
            response = problem(HTTPStatus.PRECONDITION_FAILED, detail)
        case MissingScopeError():
            reason = f', error="insufficient_scope", scope="{error.scope}"'
            response = _challenge(HTTPStatus.FORBIDDEN, error, reason)
        case RefusedError():
            reason = "" if isinstance(error, NoTokenError) else ', error="invalid_token"'
            response = _challenge(HTTPStatus.UNAUTHORIZED, error, reason)
        case BeingDeletedError():
            detail = "Your data are being deleted; try again in a minute."
            response = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=_RETRY)
        case Signal9Error(transient=True):
            logger().warning("unavailable", reason=str(error))
            detail = "Temporarily unavailable; try again later."
            response = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=_RETRY)
        case _:
            logger().error("request failed", exc_info=error)
            detail = "The server failed to answer the request."
            response = problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
    return response


def _challenge(status: HTTPStatus, error: Exception, reason: str) -> Response:
    headers = {"WWW-Authenticate": f'Bearer realm="signal9"{reason}'}
    return problem(status, str(error), headers=headers)


def _not_found(detail: str, nearest: Sequence[str]) -> Response:
    status = HTTPStatus.NOT_FOUND
    document = NotFoundProblem(title=status.phrase, status=status, detail=detail, nearest=nearest)
    return Response(status, to_json(document), MEDIA_TYPE, {})


def _message(details: Mapping[str, Any]) -> str:
    kind = details["type"]
    if kind in _CHOICES:
        choices = details["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return f"must be one of {choices}" if "," in choices else f"must be {choices}"
    text = str(details["msg"]).removeprefix("Value error, ")
    return _MESSAGES.get(kind) or re.sub(r"^(Input|List|String|Value) should ", "must ", text)
