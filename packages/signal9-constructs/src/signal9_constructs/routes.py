"""What a REST API answers: routes as data, checked before API Gateway would refuse them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aws_cdk import aws_lambda as lambda_

from .errors import ConstructError
from .patterns import JsonSchema

__all__ = ["Route", "check_routes"]

_PATH: Final = re.compile(r"/|(/[-\w.~]+|/\{\w+\})+|(/[-\w.~]+|/\{\w+\})*/\{\w+\+\}")
_METHODS: Final = ("ANY", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and the function that answers it.

    `query` and `headers` map a parameter's name to whether it is required; those in braces in the
    path always are. `body` is a JSON Schema that the request's body must satisfy. An `open` route
    needs no authorizer. `rate_per_s` and `burst` bound this route alone.
    """

    method: str
    path: str
    function: lambda_.IFunction
    body: JsonSchema | None = None
    query: Mapping[str, bool] = field(default_factory=dict)
    headers: Mapping[str, bool] = field(default_factory=dict)
    open: bool = False
    key_required: bool = False
    rate_per_s: float | None = None
    burst: int | None = None

    @property
    def name(self) -> str:
        """The route as people write it, `GET /orders`."""
        return f"{self.method} {self.path}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in braces in the path."""
        parts = [part for part in self.path.split("/") if part.startswith("{")]
        return tuple(part.strip("{}+") for part in parts)

    @property
    def parameters(self) -> dict[str, bool]:
        """Every parameter as API Gateway names it, and whether it is required."""
        return {
            **{f"method.request.path.{name}": True for name in self.variables},
            **{f"method.request.querystring.{n}": needed for n, needed in self.query.items()},
            **{f"method.request.header.{name}": needed for name, needed in self.headers.items()},
        }


def check_routes(routes: Iterable[Route], *, authorized: bool) -> None:
    """Refuse routes that API Gateway would, and those that are open without saying so."""
    seen: set[str] = set()
    variables: dict[str, str] = {}
    for route in routes:
        _check_route(route, authorized=authorized)
        if route.name in seen:
            raise ConstructError(f"{route.name}: given twice")
        seen.add(route.name)
        _check_variables(route, variables)


def _check_route(route: Route, *, authorized: bool) -> None:
    if route.method not in _METHODS:
        raise ConstructError(f"{route.name}: the method must be one of {_METHODS}")
    if not _PATH.fullmatch(route.path):
        raise ConstructError(
            f"{route.name}: the path must look like /orders/{{id}}, and {{x+}} ends it"
        )
    if not (authorized or route.open):
        raise ConstructError(f"{route.name}: give the service an authorizer, or say open=True")


def _check_variables(route: Route, known: dict[str, str]) -> None:
    """Remember each variable by what stands before it, where API Gateway allows only one."""
    before = ""
    for part in route.path.split("/")[1:]:
        if part.startswith("{") and known.setdefault(before, part) != part:
            raise ConstructError(
                f"{route.name}: {before}/ is followed by {known[before]} elsewhere"
            )
        before = f"{before}/{part}"
