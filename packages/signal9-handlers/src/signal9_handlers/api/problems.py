"""Whatever goes wrong with a request, as problem documents (RFC 9457)."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import Field, ValidationError

from signal9_core.errors import InputError, NotFoundError, Signal9Error
from signal9_core.schemas import Answer, to_json

from .response import Response

__all__ = [
    "MEDIA_TYPE",
    "FieldProblem",
    "NotFoundProblem",
    "Problem",
    "WrongParametersError",
    "field_problems",
    "not_stored",
    "nothing_at",
    "problem",
    "refused",
    "unexpected",
    "wrong_input",
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


class WrongParametersError(Exception):
    """Everything that is wrong with a request's parameters."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.message}" for each in problems))
        self.problems = problems


def problem(
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document as a response."""
    return _response(
        Problem(title=status.phrase, status=status, detail=detail, errors=errors), headers
    )


def not_stored(error: NotFoundError) -> Response:
    """Answer 404, with what may have been meant."""
    status = HTTPStatus.NOT_FOUND
    return _response(
        NotFoundProblem(
            title=status.phrase, status=status, detail=str(error), nearest=error.nearest
        )
    )


def nothing_at(path: str) -> Response:
    """Answer 404 for a path that the API has not."""
    status = HTTPStatus.NOT_FOUND
    detail = f"There is nothing at {path[:200]}."
    return _response(NotFoundProblem(title=status.phrase, status=status, detail=detail, nearest=()))


def wrong_input(error: InputError) -> Response:
    """Answer 422 for what a query refused."""
    return refused([FieldProblem(field=error.field, message=error.message)])


def field_problems(error: ValidationError, field: str) -> Iterator[FieldProblem]:
    """Yield what pydantic found wrong with a parameter; within a body, each place of it."""
    wrong: dict[str, str] = {}
    for each in error.errors(include_url=False):
        place = ".".join([field, *map(str, each["loc"])] if not field else [field])
        wrong.setdefault(place.strip(".") or "body", _message(each))
    for name, message in wrong.items():
        yield FieldProblem(field=name, message=message)


def refused(errors: Sequence[FieldProblem]) -> Response:
    """Answer 422, naming each parameter that is wrong."""
    detail = "; ".join(f"{each.field}: {each.message}" for each in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)


def unexpected(error: Exception) -> Response:
    """Answer 503 where trying again can help, else 500; the log has what the answer hides."""
    from ..log import logger  # noqa: PLC0415

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
    if error["type"] == "missing":
        return "is required"
    return str(error["msg"]).removeprefix("Value error, ")


def _response(body: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body.status, to_json(body), MEDIA_TYPE, headers or {})
