"""Routing: a decorator makes a function answer one method of one path.

The function's signature defines its parameters: a name in the path's braces is read from the path,
`request` is the request itself, `body` is read from JSON, and all others are query parameters.
pydantic validates them, and `signal9_handlers.openapi` documents them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError, create_model
from pydantic.alias_generators import to_camel

from signal9_core.schemas.base import Answer
from signal9_core.schemas.base import Request as Body

from ..auth.identity import READ_MARKET
from ..runtime import request_id
from .http import JSON, Request, Response, add_standard_headers, no_content, preflight_headers
from .problems import (
    FieldProblem,
    ProblemError,
    field_problems,
    invalid,
    path_not_found,
    problem,
    problem_of,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["LONGEST_BODY", "LONGEST_QUERY", "PREFIX", "Function", "Operation", "Resource"]

PREFIX: Final = "/api/v1"
"""The start of every path."""

LONGEST_QUERY: Final = 4_096
"""The most characters of all parameters together, names included."""

LONGEST_BODY: Final = 65_536
"""The most bytes of a body."""

_IN_PATH: Final = re.compile(r"\{(\w+)\}")

Function = TypeVar("Function", bound=Callable[..., Response])


@dataclass(frozen=True)
class Operation:
    """One method of one path, and the function that answers it."""

    resource: "Resource"
    method: str
    path: str
    answer: type[Answer]
    summary: str
    function: Callable[..., Response]
    scope: str | None
    conditional: bool
    csv: bool

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it answers: GET answers HEAD, too."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths that it answers."""
        return re.compile(_IN_PATH.sub(r"(?P<\1>[^/]+)", self.path) + "/*")

    @property
    def operation_id(self) -> str:
        """The function's name in camelCase."""
        return to_camel(self.function.__name__)

    @property
    def in_path(self) -> list[str]:
        """The names of its parameters in the path."""
        return _IN_PATH.findall(self.path)

    @cached_property
    def in_query(self) -> list[str]:
        """The names of its query parameters, sorted."""
        fields = self.arguments.model_fields.items()
        return sorted({field.alias or name for name, field in fields} - set(self.in_path))

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The model of all parameters in path and query; built on the first request."""
        fields: dict[str, Any] = {
            name: (item.annotation, ... if item.default is Parameter.empty else item.default)
            for name, item in self._signature.items()
            if name not in {"request", "body"}
        }
        model: type[BaseModel] = create_model(self.operation_id, **fields)
        return model

    @property
    def body(self) -> type[Body] | None:
        """The model of the body, if it takes one."""
        return self._signature["body"].annotation if "body" in self._signature else None

    @cached_property
    def _signature(self) -> Mapping[str, Parameter]:
        return signature(self.function).parameters

    def __call__(self, request: Request, in_path: Mapping[str, str]) -> Response:
        """Check scope and parameters, and call the function."""
        if self.scope is not None:
            request.caller.require(self.scope)
        errors = list(self._misnamed(request))
        arguments: dict[str, object] = {}
        query = {name: request.query[name][0] for name in self.in_query if name in request.query}
        try:
            arguments |= dict(self.arguments.model_validate({**query, **in_path}))
        except ValidationError as error:
            errors += field_problems(error)
        if self.body is not None:
            try:
                arguments["body"] = self.body.model_validate_json(_json_body(request))
            except ValidationError as error:
                errors += field_problems(error)
        if errors:
            return invalid(errors)
        if "request" in self._signature:
            arguments["request"] = request
        return self.function(**arguments)

    def _misnamed(self, request: Request) -> Iterator[FieldProblem]:
        known = ", ".join(self.in_query)
        hint = f"known parameters are {known}" if known else "there are none"
        for name, values in request.query.items():
            if name not in self.in_query:
                yield FieldProblem(field=name[:80], message=f"unknown parameter; {hint}")
            elif len(values) > 1:
                yield FieldProblem(field=name, message="must be given only once")


class Resource:
    """The paths that one Lambda function answers; `handler` is that function."""

    def __init__(self, tag: str, handler_path: str) -> None:
        self.tag = tag
        self.handler_path = handler_path
        self.operations: list[Operation] = []

    def route(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        summary: str,
        *,
        scope: str | None = READ_MARKET,
        conditional: bool = False,
        csv: bool = False,
    ) -> Callable[[Function], Function]:
        """Make a function answer a method of a path under the API's prefix.

        `scope` is what the caller's token must carry; `None` needs no token. A `conditional` one
        honours `If-Match`; `csv` documents that it answers in CSV, too.
        """

        def register(function: Function) -> Function:
            address = PREFIX + path
            self.operations.append(
                Operation(self, method, address, answer, summary, function, scope, conditional, csv)
            )
            return function

        return register

    def handler(self, event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG002
        """Answer an event of API Gateway."""
        request = Request(event)
        return self.respond(request).result(head=request.method == "HEAD")

    def respond(self, request: Request) -> Response:
        """Answer a request; every failure becomes a problem document."""
        request_id.set(request.id)
        try:
            response = self._respond(request)
        except Exception as error:  # noqa: BLE001  no failure may leave as a stack trace
            response = problem_of(error)
        return add_standard_headers(response, request).unless_known(request)

    def _respond(self, request: Request) -> Response:
        length = sum(len(name) + sum(map(len, values)) for name, values in request.query.items())
        if length > LONGEST_QUERY:
            detail = f"The query must have at most {LONGEST_QUERY} characters."
            return problem(HTTPStatus.REQUEST_URI_TOO_LONG, detail)
        methods: list[str] = []
        for operation in self.operations:
            if match := operation.pattern.fullmatch(request.path):
                if request.method in operation.methods:
                    return operation(request, match.groupdict())
                methods += operation.methods
        return _other_method(request, methods) if methods else path_not_found(request.path)


def _json_body(request: Request) -> bytes:
    # Browsers send forms of other sites without asking, but never JSON.
    if request.header("content-type").partition(";")[0].strip().lower() != JSON:
        detail = f"The body must be sent as Content-Type: {JSON}."
        raise ProblemError(problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail))
    if len(request.body) > LONGEST_BODY:
        detail = f"The body must have at most {LONGEST_BODY} bytes."
        raise ProblemError(problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail))
    return request.body


def _other_method(request: Request, methods: Iterable[str]) -> Response:
    """Answer OPTIONS with the methods of a path, any other method with 405."""
    allow = {"Allow": ", ".join(sorted({*methods, "OPTIONS"}))}
    if request.method == "OPTIONS":
        preflight = preflight_headers(request.header("origin"), allow["Allow"])
        return no_content().adding({**allow, **preflight})
    detail = f"{request.path[:200]} has no method {request.method}, only {allow['Allow']}."
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allow)
