"""Whatever goes wrong with a request, as problem documents (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import Field

from signal9_core.answers import Answer, to_json
from signal9_core.errors import InputError, NotFoundError, Signal9Error

from ..runtime import logger

__all__ = [
    "MEDIA_TYPE",
    "FieldProblem",
    "NotFoundProblem",
    "Problem",
    "not_stored",
    "problem",
    "refused",
    "unexpected",
    "wrong_input",
    "wrong_parameters",
]

MEDIA_TYPE: Final = "application/problem+json"

_RETRY_AFTER_S: Final = 5


class FieldProblem(Answer):
    """What is wrong with one parameter, named as the request names it."""

    field: str
    message: str


class Problem(Answer):
    """What went wrong with a request."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: Sequence[FieldProblem] = ()


class NotFoundProblem(Problem):
    """What is not there; `nearest` holds the tickers that may have been meant."""

    nearest: Sequence[str] = Field(description="Tickers that are most like the one asked for.")


def problem(
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str | list[str]] | None = None,
) -> Response[str]:
    """Return a problem document as a response."""
    return _response(
        Problem(title=status.phrase, status=status, detail=detail, errors=errors), headers
    )


def not_stored(error: NotFoundError) -> Response[str]:
    """Answer 404, with what may have been meant."""
    status = HTTPStatus.NOT_FOUND
    return _response(
        NotFoundProblem(
            title=status.phrase, status=status, detail=str(error), nearest=error.nearest
        )
    )


def wrong_input(error: InputError) -> Response[str]:
    """Answer 422 for what a query refused."""
    return refused([FieldProblem(field=error.field, message=error.message)])


def wrong_parameters(error: RequestValidationError) -> Response[str]:
    """Answer 422 for parameters that are not of their type."""
    wrong: dict[str, str] = {}
    for each in error.errors():
        place, *names = map(str, each["loc"])
        wrong.setdefault(".".join(names) or place, _message(each))
    return refused([FieldProblem(field=name, message=text) for name, text in wrong.items()])


def refused(errors: Sequence[FieldProblem]) -> Response[str]:
    """Answer 422, naming each parameter that is wrong."""
    detail = "; ".join(f"{each.field}: {each.message}" for each in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)


def unexpected(error: Exception) -> Response[str]:
    """Answer 503 where trying again can help, else 500; the log has what the answer hides."""
    if isinstance(error, Signal9Error) and error.transient:
        logger.warning("unavailable", reason=str(error))
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Not available for the moment; try again a little later.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )
    logger.error("request failed", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed on our side.")


def _message(error: Mapping[str, Any]) -> str:
    if isinstance(error.get("input"), list):
        return "is given more than once"
    if error["type"] == "missing":
        return "is required"
    return str(error["msg"]).removeprefix("Value error, ")


def _response(body: Problem, headers: Mapping[str, str | list[str]] | None = None) -> Response[str]:
    return Response(body.status, MEDIA_TYPE, to_json(body).decode(), headers)
