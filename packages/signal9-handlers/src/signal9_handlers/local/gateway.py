"""API Gateway's part on this machine: from a path to the function that answers it."""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib import import_module
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ..api.problems import problem
from ..routes import ROUTES, Route
from .exchange import LocalContext, Reply, Request, proxy_event, reply_of

__all__ = ["Gateway", "refusal"]

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


class Gateway:
    """Calls the handler of each request; its module is loaded when it is first asked for.

    Powertools keeps the present request in class attributes, as a Lambda function never has more
    than one. So must callers: one request at a time.
    """

    def __init__(self, routes: Iterable[Route] = ROUTES) -> None:
        self._routes = [(_pattern_of(route.path), route) for route in routes]

    def __call__(self, request: Request) -> Reply:
        """Return what the handler answers, or that there is none."""
        for pattern, route in self._routes:
            if match := pattern.fullmatch(request.path):
                event = proxy_event(request, route.path, match.groupdict())
                return reply_of(_load(route.handler)(event, LocalContext(route.handler)))
        return refusal(HTTPStatus.NOT_FOUND, f"There is nothing at {request.path}.")


def refusal(status: HTTPStatus, detail: str, **headers: str) -> Reply:
    """Return a problem document for what never gets to a handler."""
    answer = problem(status, detail)
    kept = {"Content-Type": str(answer.content_type), "Cache-Control": "no-store", **headers}
    return Reply(status, list(kept.items()), (answer.body or "").encode())


def _pattern_of(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/*")


def _load(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    found: Handler = getattr(import_module(module), function)
    return found
