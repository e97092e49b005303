"""HTTP as API Gateway sees it: requests become proxy events, results become responses."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from time import time
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext

from ..auth.identity import DEVELOPER, Identity

__all__ = ["LocalContext", "Reply", "Request", "proxy_event", "reply_of"]

_ACCOUNT = "000000000000"


class Request(NamedTuple):
    """What a client asked; the path is decoded, the query is not."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    client: str = "127.0.0.1"


class Reply(NamedTuple):
    """What the client is answered."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class LocalContext(LambdaContext):
    """What a Lambda function learns of its surroundings, on this machine."""

    def __init__(self, name: str) -> None:
        self._function_name = name
        self._function_version = "$LATEST"
        self._invoked_function_arn = f"arn:aws:lambda:local:{_ACCOUNT}:function:{name}"
        self._memory_limit_in_mb = 512
        self._aws_request_id = str(uuid4())
        self._log_group_name = f"/aws/lambda/{name}"
        self._log_stream_name = "local"


def proxy_event(
    request: Request,
    resource: str,
    parameters: Mapping[str, str] | None = None,
    identity: Identity | None = DEVELOPER,
) -> dict[str, Any]:
    """Return the event that a REST API with Lambda proxy integration would send."""
    headers = _together(request.headers)
    query = _together(parse_qsl(request.query, keep_blank_values=True))
    text, encoded = _text_of(request.body)
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(parameters or {}) or None,
        "stageVariables": None,
        "requestContext": _request_context(request, resource, identity),
        "body": text,
        "isBase64Encoded": encoded,
    }


def reply_of(result: Mapping[str, Any]) -> Reply:
    """Return what a handler's result says to the client."""
    body = result["body"] or ""
    headers: Mapping[str, Sequence[str]] = result["multiValueHeaders"]
    return Reply(
        result["statusCode"],
        [(name, value) for name, values in headers.items() for value in values],
        b64decode(body) if result["isBase64Encoded"] else body.encode(),
    )


def _together(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _last(values: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: each[-1] for name, each in values.items()}


def _text_of(body: bytes) -> tuple[str | None, bool]:
    try:
        return body.decode() or None, False
    except UnicodeDecodeError:
        return b64encode(body).decode(), True


def _request_context(request: Request, resource: str, identity: Identity | None) -> dict[str, Any]:
    agent = next((value for name, value in request.headers if name.lower() == "user-agent"), None)
    return {
        "accountId": _ACCOUNT,
        "apiId": "local",
        "authorizer": identity and {"principalId": identity.user_id, **identity.context()},
        "httpMethod": request.method,
        "identity": {"sourceIp": request.client, "userAgent": agent},
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": str(uuid4()),
        "requestTimeEpoch": int(time() * 1_000),
        "resourcePath": resource,
        "stage": "local",
    }
