"""API Gateway on this machine: authenticates requests and passes them to the API's resources."""

import gzip
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import uuid4

from signal9_core.errors import IssuerUnavailableError, RefusedError

from ..api.http import Request, Response
from ..api.problems import path_not_found, problem_of
from ..api.routing import Operation
from ..auth.identity import DEVELOPER, Identity
from ..routes import OPERATIONS

__all__ = [
    "SMALLEST_COMPRESSED",
    "Authorize",
    "Event",
    "Gateway",
    "allow_everyone",
    "proxy_event",
    "require_token",
]

Event = dict[str, Any]

SMALLEST_COMPRESSED: Final = 1_024
"""The least bytes of a body that is compressed."""

_GZIP: Final = re.compile(r"(gzip|\*)(;q=(1(\.0*)?|0?\.\d*[1-9]\d*))?")
"""An entry of Accept-Encoding that accepts gzip, with any weight but zero."""

Authorize = Callable[[Request], Identity | None]
"""Returns the caller, or `None` if they need no token; raises `RefusedError` for bad tokens."""


def allow_everyone(_: Request) -> Identity:
    """Identify everyone as the developer."""
    return DEVELOPER


def require_token(verify: Callable[[str], Identity]) -> Authorize:
    """Return an authorizer that checks tokens, as API Gateway's does."""

    def authorize(request: Request) -> Identity | None:
        if request.method == "OPTIONS":
            return None
        values = request.headers.get("authorization", ())
        if len(values) > 1:
            raise RefusedError("The header Authorization was sent more than once.")
        return verify("".join(values))

    return authorize


def proxy_event(
    method: str,
    path: str,
    query: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    identity: Identity | None = DEVELOPER,
) -> Event:
    """Return the event that API Gateway sends to a handler, as far as handlers read it."""
    context: Event = {"requestId": str(uuid4())}
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = b64encode(body).decode(), True
    if identity is not None:
        context["authorizer"] = identity.context()
    return {
        "httpMethod": method,
        "path": path,
        "multiValueHeaders": _grouped(headers),
        "multiValueQueryStringParameters": _grouped(parse_qsl(query, keep_blank_values=True)),
        "requestContext": context,
        "body": text,
        "isBase64Encoded": encoded,
    }


class Gateway:
    """Answers an event by the resource that its path belongs to."""

    def __init__(self, authorize: Authorize = allow_everyone) -> None:
        self._authorize = authorize

    def __call__(self, event: Event) -> Response:
        """Return the resource's response, or 404 for an unknown path."""
        request = Request(event)
        for operation in OPERATIONS:
            if operation.pattern.fullmatch(request.path):
                return _compress(request, self._respond(event, operation))
        return path_not_found(request.path)

    def _respond(self, event: Event, operation: Operation) -> Response:
        request = Request(event)
        try:
            identity = None if operation.scope is None else self._authorize(request)
        except (RefusedError, IssuerUnavailableError) as error:
            return problem_of(error)
        if identity is not None:
            event["requestContext"]["authorizer"] = identity.context()
        return operation.resource.respond(request)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _compress(request: Request, response: Response) -> Response:
    """Compress a large body for clients that accept gzip, as API Gateway does."""
    codings = request.header("accept-encoding").lower().replace(" ", "").split(",")
    accepts_gzip = any(map(_GZIP.fullmatch, codings))
    if len(response.body) < SMALLEST_COMPRESSED or not accepts_gzip:
        return response
    compressed = response._replace(body=gzip.compress(response.body, 1, mtime=0))
    return compressed.adding({"Content-Encoding": "gzip"})
