"""API Gateway's part on this machine: from a path to the function that answers it."""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib import import_module
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.errors import IssuerUnavailableError, RefusedError

from ..api.http import finished
from ..api.problems import nothing_at, problem, unexpected
from ..api.refusals import refusal_of
from ..api.response import Response
from ..routes import ROUTES, Route
from ..runtime import request_id
from .compression import compressed
from .door import Door, for_developers
from .exchange import LocalContext, Reply, Request, proxy_event, reply_of

__all__ = ["Gateway", "failure", "refusal"]

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


class Gateway:
    """Calls the handler of each request; its module is loaded when it is first asked for.

    Answers are compressed here, as API Gateway does it, and not by the handlers.
    """

    def __init__(self, routes: Iterable[Route] = ROUTES, door: Door = for_developers) -> None:
        self._door = door
        self._routes = [(_pattern_of(route.path), route) for route in routes]

    def __call__(self, request: Request) -> Reply:
        """Return what the handler answers, or that there is none."""
        for pattern, route in self._routes:
            if match := pattern.fullmatch(request.path):
                return compressed(request, self._answer(request, route, match.groupdict()))
        return _reply(nothing_at(request.path), request)

    def _answer(self, request: Request, route: Route, parameters: dict[str, str]) -> Reply:
        try:
            identity = self._door(request, route)
        except RefusedError as error:
            return _reply(refusal_of(error), request)
        except IssuerUnavailableError as error:
            return failure(error, request)
        event = proxy_event(request, route.path, parameters, identity)
        request_id.set(event["requestContext"]["requestId"])
        try:
            return reply_of(_load(route.handler)(event, LocalContext(route.handler)))
        except (Exception, SystemExit) as error:  # noqa: BLE001  a process of its own on AWS
            return _reply(_failed(route.handler, error), request, request_id.get())


def refusal(status: HTTPStatus, detail: str, request: Request, **headers: str) -> Reply:
    """Return a problem document for what never gets to a handler."""
    return _reply(problem(status, detail, headers=headers), request)


def failure(error: Exception, request: Request) -> Reply:
    """Return a problem document for what went wrong outside of handlers; the log tells what."""
    return _reply(unexpected(error), request)


def _failed(handler: str, error: BaseException) -> Response:
    """Answer 502, as API Gateway does, where a function cannot be loaded or ends in an error."""
    from ..log import logger

    logger.error("function failed", function=handler, exc_info=error)
    return problem(HTTPStatus.BAD_GATEWAY, "The function behind this path failed.")


def _reply(answer: Response, request: Request, name: str = "") -> Reply:
    origins = [value for header, value in request.headers if header.lower() == "origin"]
    return reply_of(finished(answer, name or str(uuid4()), ", ".join(origins)).result())


def _pattern_of(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/*")


def _load(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    found: Handler = getattr(import_module(module), function)
    return found
