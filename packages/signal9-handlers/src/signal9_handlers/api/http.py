"""HTTP around the answers: validators, caching, HEAD, and headers that every response carries."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from signal9_core.schemas import Answer, to_json

from ..runtime import request_id
from .cors import opened_to
from .request import Request
from .resource import Resource
from .response import JSON, Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["DAILY", "NEVER", "NEWS", "REVALIDATE", "content", "finished", "ok", "respond"]

REVALIDATE: Final = "private, no-cache"
"""For what an ingest may change at any time: it may be kept, but must be checked by its ETag."""

NEWS: Final = "private, max-age=60"
"""For what is new every few minutes, where a minute does not matter."""

DAILY: Final = "private, max-age=300"
"""For the listing, which changes once a day."""

NEVER: Final = "no-store"
"""For what nobody should keep: problems, and whether the API is up."""

_ALWAYS: Final = {
    "Cache-Control": NEVER,
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept, Accept-Encoding, Authorization, Origin",
    "X-Content-Type-Options": "nosniff",
}


def ok(answer: Answer, cache: str = REVALIDATE, fields: Sequence[str] = ()) -> Response:
    """Return an answer, or these fields of it, with every digit of its numbers."""
    return content(to_json(answer, fields), JSON, cache)


def content(
    body: bytes, media_type: str, cache: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a body with a strong ETag."""
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    kept = {"Cache-Control": cache, "ETag": tag, **(headers or {})}
    return Response(HTTPStatus.OK, body, media_type, kept)


def respond(app: Resource, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Have the resource answer a request of API Gateway's."""
    request = Request(event)
    name = request.id or context.aws_request_id
    request_id.set(name)
    response = finished(app.answer(request), name, request.header("origin"))
    response = response._replace(headers={**response.headers, **app.announcements(request)})
    if response.status == HTTPStatus.OK and _is_known(request, response.headers.get("ETag")):
        return response._replace(status=HTTPStatus.NOT_MODIFIED, media_type="").result()
    return response.result(head=request.method == "HEAD")


def finished(response: Response, name: str, origin: str = "") -> Response:
    """Return a response with the headers that every one has.

    `name` is the request's, `origin` the site of the page that asks.
    """
    every = {**_ALWAYS, "X-Request-Id": name, **opened_to(origin)}
    return response._replace(headers={**every, **response.headers})


def _is_known(request: Request, etag: str | None) -> bool:
    """Tell whether the client has what it would be sent."""
    if etag is None or request.method not in {"GET", "HEAD"}:
        return False
    asked = request.headers.get("if-none-match", ())
    tags = {tag.strip().removeprefix("W/") for value in asked for tag in value.split(",")}
    return bool(tags & {"*", etag})
