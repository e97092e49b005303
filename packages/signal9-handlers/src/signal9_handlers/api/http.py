"""Requests and responses of handlers: caching, CSV, CORS and the headers of every response."""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from signal9_core.errors import SettingsError
from signal9_core.schemas.base import Answer, to_json
from signal9_core.schemas.financials import FinancialsAnswer
from signal9_core.schemas.prices import PricesAnswer

from ..auth.identity import Identity
from ..runtime import application

__all__ = [
    "CSV",
    "DAILY",
    "JSON",
    "NEVER",
    "NEWS",
    "REVALIDATE",
    "Request",
    "Response",
    "add_standard_headers",
    "json_or_csv",
    "no_content",
    "ok",
    "preflight_headers",
]

JSON: Final = "application/json"
CSV: Final = "text/csv"
_WEIGHT: Final = re.compile(r"[01](\.[0-9]{0,3})?")

REVALIDATE: Final = "private, no-cache"
"""For data that an ingest may change at any time: clients may keep it, and check its ETag."""

NEWS: Final = "private, max-age=60"
"""For news, where a minute makes no difference."""

DAILY: Final = "private, max-age=300"
"""For the listing, which changes once a day."""

NEVER: Final = "no-store"
"""For problems and for health."""

_STANDARD: Final = {
    "Cache-Control": NEVER,
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept, Accept-Encoding, Authorization, Origin",
    "X-Content-Type-Options": "nosniff",
}
_EXPOSED: Final = "ETag, Location, Retry-After, WWW-Authenticate, X-Next-Cursor, X-Request-Id"
_PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match",
    "Access-Control-Max-Age": "3600",
}


class Request:
    """One request, read from an event of API Gateway's REST proxy integration."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._context: Mapping[str, Any] = event.get("requestContext") or {}
        self.id = str(self._context.get("requestId") or "")
        self.method: str = event["httpMethod"]
        self.path: str = event["path"]
        self.query: Mapping[str, Sequence[str]] = event["multiValueQueryStringParameters"] or {}

    @cached_property
    def headers(self) -> Mapping[str, Sequence[str]]:
        """All values of all headers, by names in lower case."""
        headers: Mapping[str, Sequence[str]] = self._event["multiValueHeaders"] or {}
        return {name.lower(): values for name, values in headers.items()}

    def header(self, name: str) -> str:
        """Return a header's values joined by commas; empty if it was not sent."""
        return ", ".join(self.headers.get(name, ()))

    @cached_property
    def body(self) -> bytes:
        """The body; empty if there is none."""
        body: str = self._event.get("body") or ""
        return b64decode(body) if self._event.get("isBase64Encoded") else body.encode()

    @cached_property
    def caller(self) -> Identity:
        """The caller, as the authorizer identified them; `RefusedError` without one."""
        return Identity.from_context(self._context.get("authorizer") or {})


class Response(NamedTuple):
    """A status, a body of one media type, and headers."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str]

    def adding(self, headers: Mapping[str, str]) -> "Response":
        """Return it with these headers as well."""
        return self._replace(headers={**self.headers, **headers})

    def unless_known(self, request: Request) -> "Response":
        """Return 304 if the client already has this answer, by its `If-None-Match`."""
        etag = self.headers.get("ETag")
        if self.status != HTTPStatus.OK or etag is None or request.method not in {"GET", "HEAD"}:
            return self
        tags = {tag.strip() for tag in request.header("if-none-match").split(",")}
        if tags.isdisjoint({"*", etag, f"W/{etag}"}):
            return self
        return self._replace(status=HTTPStatus.NOT_MODIFIED, body=b"", media_type="")

    @property
    def header_fields(self) -> Mapping[str, str]:
        """All headers, with the media type if there is one."""
        media_type = {"Content-Type": self.media_type} if self.media_type else {}
        return {**media_type, **self.headers}

    def result(self, *, head: bool) -> dict[str, Any]:
        """Return it as a Lambda function's result; the answer to HEAD has no body."""
        return {
            "statusCode": int(self.status),
            "multiValueHeaders": {name: [value] for name, value in self.header_fields.items()},
            "body": "" if head else self.body.decode(),
            "isBase64Encoded": False,
        }


def ok(answer: Answer, cache: str = REVALIDATE, fields: Sequence[str] = ()) -> Response:
    """Return an answer, or only these fields of it, as JSON with all digits of its numbers."""
    return _content(to_json(answer, fields), JSON, cache)


def no_content() -> Response:
    """Return an empty answer."""
    return Response(HTTPStatus.NO_CONTENT, b"", "", {})


def json_or_csv(
    request: Request, answer: PricesAnswer | FinancialsAnswer, fields: Sequence[str]
) -> Response:
    """Return the answer in the media type that the client prefers.

    CSV has no place for the cursor, so that it is in the header `X-Next-Cursor`.
    """
    if not _prefers_csv(request.header("accept")):
        return ok(answer, REVALIDATE, fields)
    from signal9_core.csv_export import to_csv  # noqa: PLC0415  few requests need it

    response = _content(to_csv(answer, fields), f"{CSV}; charset=utf-8", REVALIDATE)
    cursor = answer.next_cursor
    return response if cursor is None else response.adding({"X-Next-Cursor": cursor})


def _prefers_csv(accept: str) -> bool:
    weights: dict[str, float] = {}
    for entry in accept.lower().replace(" ", "").split(","):
        media_type, *parameters = entry.split(";")
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        weights[media_type] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    anything = weights.get("*/*", weights.get("application/*", 0.0))
    return weights.get(CSV, 0.0) > weights.get(JSON, anything)


def add_standard_headers(response: Response, request: Request) -> Response:
    """Return a response with the headers that all have; its own ones take precedence."""
    headers = {**_STANDARD, "X-Request-Id": request.id}
    if _is_allowed(origin := request.header("origin")):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
    return response._replace(headers={**headers, **response.headers})


def preflight_headers(origin: str, methods: str) -> Mapping[str, str]:
    """Return what a page of this origin may send; nothing for origins that are not allowed."""
    return {**_PREFLIGHT, "Access-Control-Allow-Methods": methods} if _is_allowed(origin) else {}


def _is_allowed(origin: str) -> bool:
    if not origin:
        return False
    try:
        return origin in application().settings.cors_origins
    except SettingsError:
        return False  # the request itself fails with this error and logs it


def _content(body: bytes, media_type: str, cache: str) -> Response:
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    return Response(HTTPStatus.OK, body, media_type, {"Cache-Control": cache, "ETag": etag})
