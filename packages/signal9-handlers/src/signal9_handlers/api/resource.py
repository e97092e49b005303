"""A group of paths that one Lambda function answers."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from signal9_core.errors import InputError, NotFoundError
from signal9_core.schemas import Answer

from ..auth.scopes import READ_MARKET
from ..routes import PREFIX
from . import problems
from .cors import preflight_of
from .operation import Operation
from .refusals import REFUSALS, refusal_of
from .request import Request
from .response import JSON, Response

if TYPE_CHECKING:
    from .deprecation import Deprecation

__all__ = ["LONGEST_QUERY", "Resource"]

LONGEST_QUERY: Final = 4_096
"""Characters that all parameters may have together, their names included."""

Function = TypeVar("Function", bound=Callable[..., Response])


class Resource:
    """Finds the function for a request, and turns what it raises into problem documents."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def read(
        self, path: str, answer: type[Answer], summary: str, **more: Any
    ) -> Callable[[Function], Function]:
        """Register the function that answers GET for a path under the API's prefix."""
        return self.on("GET", path, answer, summary, **more)

    def on(
        self,
        method: str,
        path: str,
        answer: type[Answer] | None,
        summary: str,
        *,
        media_types: tuple[str, ...] = (JSON,),
        public: bool = False,
        scope: str = READ_MARKET,
        conditional: bool = False,
        deprecated: "Deprecation | None" = None,
        refusals: dict[int, str] | None = None,
    ) -> Callable[[Function], Function]:
        """Register the function that answers a method of a path.

        `media_types` are what it can answer in, `refusals` the problems that only it knows, by
        status; a `public` one needs no token, others one with this `scope`; a `conditional` one
        honours `If-Match`; a `deprecated` one says so with every answer.
        """

        def register(function: Function) -> Function:
            self.operations.append(
                Operation(
                    method=method,
                    path=f"{PREFIX}{path}",
                    function=function,
                    answer=answer,
                    summary=summary,
                    tag=self.tag,
                    media_types=media_types,
                    public=public,
                    scope=scope,
                    conditional=conditional,
                    deprecated=deprecated,
                    refusals=refusals or {},
                )
            )
            return function

        return register

    def answer(self, request: Request) -> Response:
        """Return what the request is answered, whatever goes wrong."""
        try:
            return self._found(request)
        except InputError as error:
            return problems.wrong_input(error)
        except NotFoundError as error:
            return problems.not_stored(error)
        except problems.WrongParametersError as error:
            return problems.refused(error.problems)
        except REFUSALS as error:
            return refusal_of(error)
        except Exception as error:  # noqa: BLE001  the last net: nothing gets out as a stack trace
            return problems.unexpected(error)

    def announcements(self, request: Request) -> Mapping[str, str]:
        """Return the headers that tell whether what is asked for is to go."""
        method = _reading(request.method)
        for each in self.operations:
            if each.deprecated and each.method == method and each.pattern.fullmatch(request.path):
                return each.deprecated.headers
        return {}

    def _found(self, request: Request) -> Response:
        if request.query_length > LONGEST_QUERY:
            detail = f"A query may have {LONGEST_QUERY} characters at most."
            return problems.problem(HTTPStatus.REQUEST_URI_TOO_LONG, detail)
        method = _reading(request.method)
        methods: list[str] = []
        for operation in self.operations:
            match = operation.pattern.fullmatch(request.path)
            if match and operation.method == method:
                return operation(request, match.groupdict())
            methods += [operation.method] if match else []
        if not methods:
            return problems.nothing_at(request.path)
        return _other_method(request, methods)


def _reading(method: str) -> str:
    return "GET" if method == "HEAD" else method


def _other_method(request: Request, methods: list[str]) -> Response:
    """Tell which methods a path has, on request or because it has not the one asked for."""
    allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
    allow = {"Allow": ", ".join(allowed)}
    if request.method == "OPTIONS":
        preflight = preflight_of(request.header("origin"), allow["Allow"])
        return Response(HTTPStatus.NO_CONTENT, b"", "", {**allow, **preflight})
    detail = f"{request.path[:200]} answers {allow['Allow']}, not {request.method}."
    return problems.problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allow)
