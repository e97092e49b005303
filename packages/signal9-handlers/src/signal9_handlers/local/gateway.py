"""API Gateway on this machine: HTTP requests become events, handlers' results HTTP responses."""

import gzip
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.errors import IssuerUnavailableError, RefusedError

from ..api.http import Response, add_standard_headers
from ..api.problems import path_not_found, problem_of
from ..api.routing import Operation, Resource
from ..auth.identity import DEVELOPER, Identity
from ..routes import RESOURCES

__all__ = [
    "SMALLEST_COMPRESSED",
    "Authorize",
    "Gateway",
    "HttpRequest",
    "HttpResponse",
    "LocalContext",
    "allow_everyone",
    "proxy_event",
    "require_token",
    "to_http",
]

SMALLEST_COMPRESSED: Final = 1_024
"""The least bytes of a body that is compressed."""


class HttpRequest(NamedTuple):
    """A request of a client; the path is decoded, the query is not."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def header(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for other, value in self.headers if other.lower() == name]


class HttpResponse(NamedTuple):
    """The response to a client."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class LocalContext(LambdaContext):
    """The context of a Lambda function on this machine."""

    def __init__(self, name: str) -> None:
        self._function_name = name
        self._function_version = "$LATEST"
        self._invoked_function_arn = f"arn:aws:lambda:local:000000000000:function:{name}"
        self._memory_limit_in_mb = 512
        self._aws_request_id = str(uuid4())


Authorize = Callable[[HttpRequest], Identity | None]
"""Returns the caller, or `None` if they need no token; raises `RefusedError` for bad tokens."""


def allow_everyone(_: HttpRequest) -> Identity:
    """Identify everyone as the developer."""
    return DEVELOPER


def require_token(verify: Callable[[str], Identity]) -> Authorize:
    """Return an authorizer that checks tokens, as API Gateway's does."""

    def authorize(request: HttpRequest) -> Identity | None:
        if request.method == "OPTIONS":
            return None
        values = request.header("authorization")
        if len(values) > 1:
            raise RefusedError("The header Authorization was sent more than once.")
        return verify(values[0] if values else "")

    return authorize


class Gateway:
    """Calls the handler of the resource that a path belongs to."""

    def __init__(
        self, resources: Sequence[Resource] = RESOURCES, authorize: Authorize = allow_everyone
    ) -> None:
        self._resources = resources
        self._authorize = authorize

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the handler's response, or 404 for an unknown path."""
        for resource in self._resources:
            for operation in resource.operations:
                if operation.pattern.fullmatch(request.path):
                    return _compress(request, self._call(request, resource, operation))
        return to_http(path_not_found(request.path), request)

    def _call(self, request: HttpRequest, resource: Resource, operation: Operation) -> HttpResponse:
        try:
            identity = None if operation.scope is None else self._authorize(request)
        except (RefusedError, IssuerUnavailableError) as error:
            return to_http(problem_of(error), request)
        event = proxy_event(request, operation.path, identity)
        return _response_of(resource.handler(event, LocalContext(resource.handler_path)))


def proxy_event(
    request: HttpRequest, resource: str, identity: Identity | None = DEVELOPER
) -> dict[str, Any]:
    """Return the event of a REST API's Lambda proxy integration."""
    headers = _grouped(request.headers)
    query = _grouped(parse_qsl(request.query, keep_blank_values=True))
    text, is_encoded = _text_of(request.body)
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": {
            "authorizer": identity and {"principalId": identity.user_id, **identity.context()},
            "httpMethod": request.method,
            "requestId": str(uuid4()),
            "resourcePath": resource,
            "stage": "local",
        },
        "body": text,
        "isBase64Encoded": is_encoded,
    }


def to_http(response: Response, request: HttpRequest) -> HttpResponse:
    """Return a response that no handler made, with the standard headers."""
    origin = ", ".join(request.header("origin"))
    return _response_of(add_standard_headers(response, str(uuid4()), origin).result())


def _response_of(result: Mapping[str, Any]) -> HttpResponse:
    body = result["body"] or ""
    headers: Mapping[str, Sequence[str]] = result["multiValueHeaders"]
    return HttpResponse(
        result["statusCode"],
        [(name, value) for name, values in headers.items() for value in values],
        b64decode(body) if result["isBase64Encoded"] else body.encode(),
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _text_of(body: bytes) -> tuple[str | None, bool]:
    try:
        return body.decode() or None, False
    except UnicodeDecodeError:
        return b64encode(body).decode(), True


def _compress(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Compress a large body for clients that accept gzip, as API Gateway does."""
    codings = ",".join(request.header("accept-encoding")).lower().replace(" ", "").split(",")
    accepts_gzip = not {"gzip", "*", "gzip;q=1", "gzip;q=1.0"}.isdisjoint(codings)
    if len(response.body) < SMALLEST_COMPRESSED or not accepts_gzip:
        return response
    headers = [*response.headers, ("Content-Encoding", "gzip")]
    return response._replace(headers=headers, body=gzip.compress(response.body, 1, mtime=0))
