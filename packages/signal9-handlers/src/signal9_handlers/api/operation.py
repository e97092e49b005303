"""One method of one path: which function answers it, and what its parameters may be.

A function's own signature says everything, once: a parameter that stands in the path is read from
there, `request` is the request itself, `body` is validated from JSON, and all others are read from
the query. pydantic validates them and, with `signal9_handlers.openapi`, describes them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import Parameter as Argument
from inspect import getdoc, signature
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from ..auth.scopes import READ_MARKET
from .bodies import json_body
from .problems import FieldProblem, WrongParametersError, field_problems
from .request import Request
from .response import JSON, Response

if TYPE_CHECKING:
    from signal9_core.schemas import Answer

    from .deprecation import Deprecation

__all__ = ["Named", "Operation", "Parameter"]

_IN_PATH: Final = re.compile(r"\{(\w+)\}")

Place = Literal["path", "query", "request", "body"]


class Named(NamedTuple):
    """What a request calls a parameter whose name is taken in Python; stands in `Annotated`."""

    name: str


@dataclass(frozen=True)
class Parameter:
    """A parameter as the request names it, and the argument that takes it."""

    argument: str
    name: str
    place: Place
    type: Any
    required: bool
    default: object

    @property
    def infos(self) -> tuple[FieldInfo, ...]:
        """What is said about it, in words and examples."""
        given = getattr(self.type, "__metadata__", ())
        return tuple(each for each in given if isinstance(each, FieldInfo))

    @cached_property
    def adapter(self) -> TypeAdapter[object]:
        """What validates a value; made when one is first given, since few are."""
        return TypeAdapter(self.type)


@dataclass(frozen=True)
class Operation:
    """What answers one method of one path, to tokens that carry its scope.

    A `public` one needs no token. A `conditional` one honours `If-Match`. Without an `answer` it
    returns no body. A `deprecated` one says so with every answer.
    """

    method: str
    path: str
    function: Callable[..., Response]
    answer: "type[Answer] | None"
    summary: str
    tag: str
    media_types: tuple[str, ...] = (JSON,)
    public: bool = False
    scope: str = READ_MARKET
    conditional: bool = False
    deprecated: "Deprecation | None" = None
    refusals: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path matches that this answers."""
        return re.compile(_IN_PATH.sub(r"(?P<\1>[^/]+)", self.path) + "/*")

    @property
    def operation_id(self) -> str:
        """The function's name, as JSON would write it."""
        return to_camel(self.function.__name__)

    @property
    def description(self) -> str:
        """What the function says of itself."""
        return getdoc(self.function) or ""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, in the order of the function's."""
        hints = get_type_hints(self.function, include_extras=True)
        in_path = set(_IN_PATH.findall(self.path))
        arguments = signature(self.function).parameters.values()
        return tuple(_parameter(each, hints[each.name], in_path) for each in arguments)

    @cached_property
    def _query(self) -> dict[str, Parameter]:
        return {each.name: each for each in self.parameters if each.place == "query"}

    def __call__(self, request: Request, in_path: dict[str, str]) -> Response:
        """Answer the request; `WrongParametersError` names all that is wrong with it."""
        if not self.public:
            request.caller.needs(self.scope)
        problems = list(self._unknown(request))
        given: dict[str, object] = {}
        for each in self.parameters:
            try:
                if each.place == "query":
                    _take_query(each, request, given)
                elif each.place == "path":
                    given[each.argument] = each.adapter.validate_python(in_path[each.name])
                elif each.place == "body":
                    given[each.argument] = each.adapter.validate_json(json_body(request))
                else:
                    given[each.argument] = request
            except ValidationError as error:
                problems += field_problems(error, "" if each.place == "body" else each.name)
            except _WrongError as error:
                problems.append(FieldProblem(field=each.name, message=str(error)))
        if problems:
            raise WrongParametersError(problems)
        return self.function(**given)

    def _unknown(self, request: Request) -> Iterator[FieldProblem]:
        known = self._query
        for name in request.query:
            if name not in known:
                hint = (
                    f"the parameters are {', '.join(sorted(known))}" if known else "there are none"
                )
                yield FieldProblem(field=name[:80], message=f"is unknown; {hint}")


class _WrongError(Exception):
    """What is wrong with a parameter that was not even looked at."""


def _take_query(each: Parameter, request: Request, given: dict[str, object]) -> None:
    values = request.query.get(each.name)
    if values is None:
        if each.required:
            raise _WrongError("is required")
    elif len(values) > 1:
        raise _WrongError("is given more than once")
    else:
        given[each.argument] = each.adapter.validate_python(values[0])


def _parameter(argument: Argument, hint: Any, in_path: set[str]) -> Parameter:
    place: Place = "query"
    if argument.name in in_path:
        place = "path"
    elif argument.name == "request":
        place = "request"
    elif argument.name == "body":
        place = "body"
    required = argument.default is Argument.empty
    default = None if required else argument.default
    return Parameter(argument.name, _name(hint) or argument.name, place, hint, required, default)


def _name(hint: Any) -> str | None:
    given = getattr(hint, "__metadata__", ())
    return next((each.name for each in given if isinstance(each, Named)), None)
