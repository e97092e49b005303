"""A group of paths that one Lambda function answers."""

import re
from collections.abc import Callable
from http import HTTPStatus
from inspect import getdoc, signature
from typing import Any, Final, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.content_types import APPLICATION_JSON
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoSuchPathError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic.alias_generators import to_camel

from signal9_core.answers import Answer
from signal9_core.errors import InputError, NotFoundError

from ..routes import PREFIX
from . import problems

__all__ = ["Resource"]

Read = TypeVar("Read", bound=Callable[..., Response[str]])


class Resource(APIGatewayRestResolver):
    """Resolves requests to functions, with validated parameters and problem documents.

    `answers` lists the models of what its paths answer.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(enable_validation=True)
        self._tag = tag
        self._paths: list[re.Pattern[str]] = []
        self.answers: list[type[Answer]] = []
        self.exception_handler(Exception)(problems.unexpected)
        self.exception_handler(InputError)(problems.wrong_input)
        self.exception_handler(NotFoundError)(problems.not_stored)
        self.exception_handler(RequestValidationError)(problems.wrong_parameters)
        self.not_found(self._no_such_path)

    def read(self, path: str, answer: type[Answer], summary: str) -> Callable[[Read], Read]:
        """Register the function that answers GET for a path under the API's prefix."""
        self.answers.append(answer)
        self._paths.append(re.compile(re.sub(r"<\w+>", "[^/]+", f"{PREFIX}{path}/*")))

        def register(function: Read) -> Read:
            return self.get(
                f"{PREFIX}{path}",
                summary=summary,
                description=getdoc(function),
                operation_id=to_camel(function.__name__),
                responses=_responses(answer, of_company="ticker" in signature(function).parameters),
                tags=[self._tag],
                middlewares=[_refuse_unknown_parameters],
            )(function)

        return register

    def _no_such_path(self, _: NoSuchPathError) -> Response[str]:
        path, method = self.current_event.path, self.current_event.http_method
        # GET gets here with characters in a ticker that Powertools' routes never match.
        if method != "GET" and any(known.fullmatch(path) for known in self._paths):
            return problems.problem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"{path} can be read only, not {method}.",
                headers={"Allow": "GET, HEAD"},
            )
        return problems.problem(HTTPStatus.NOT_FOUND, f"There is nothing at {path}.")


def _refuse_unknown_parameters(
    app: APIGatewayRestResolver, next_middleware: NextMiddleware
) -> Response[str]:
    # Where Powertools' own middlewares find the parameters of the route that was matched.
    known = {each.alias for each in app.context["_route"].dependant.query_params}
    given = app.current_event.resolved_query_string_parameters
    if unknown := [name for name in given if name not in known]:
        hint = f"the parameters are {', '.join(sorted(known))}" if known else "there are none"
        return problems.refused(
            [problems.FieldProblem(field=each, message=f"is unknown; {hint}") for each in unknown]
        )
    return next_middleware(app)


_ETAG: Final = {"ETag": {"description": "For `If-None-Match`.", "schema": {"type": "string"}}}
_PROBLEMS: Final[dict[int, str]] = {
    422: "A parameter is unknown, malformed or out of range; `errors` names it.",
    500: "The request failed on our side.",
    503: "Not available for the moment; `Retry-After` tells how many seconds to wait.",
}


def _responses(answer: type[Answer], *, of_company: bool) -> dict[int, Any]:
    documented: dict[int, Any] = {
        200: {
            "description": answer.__doc__,
            "headers": _ETAG,
            "content": {APPLICATION_JSON: {"model": answer}},
        },
        304: {"description": "Nothing has changed since.", "content": {}},
    }
    if of_company:
        documented[404] = _problem("The company is not known.", problems.NotFoundProblem)
    return documented | {code: _problem(text, problems.Problem) for code, text in _PROBLEMS.items()}


def _problem(description: str, model: type[problems.Problem]) -> dict[str, Any]:
    return {"description": description, "content": {problems.MEDIA_TYPE: {"model": model}}}
