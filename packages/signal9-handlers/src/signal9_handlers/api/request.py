"""A request as handlers see it, whoever sent it: API Gateway or the local server."""

from base64 import b64decode
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..auth.identity import Identity

__all__ = ["Request"]


class Request:
    """One request of API Gateway's REST proxy integration; what few need is read when asked for."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.event = event
        self.method: str = event["httpMethod"]
        self.path: str = event["path"]

    @cached_property
    def id(self) -> str:
        """What this request is called in answers and logs."""
        return str(self._context.get("requestId") or "")

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """Every value of every parameter, decoded."""
        several: Mapping[str, list[str]] | None = self.event.get("multiValueQueryStringParameters")
        if several:
            return several
        single: Mapping[str, str] = self.event.get("queryStringParameters") or {}
        return {name: [value] for name, value in single.items()}

    @property
    def query_length(self) -> int:
        """How many characters names and values of all parameters have."""
        return sum(
            len(name) + len(value) for name, values in self.query.items() for value in values
        )

    @cached_property
    def headers(self) -> Mapping[str, list[str]]:
        """Every value of every header, by names in small letters."""
        several: Mapping[str, list[str]] | None = self.event.get("multiValueHeaders")
        if several:
            return {name.lower(): values for name, values in several.items()}
        single: Mapping[str, str] = self.event.get("headers") or {}
        return {name.lower(): [value] for name, value in single.items()}

    def header(self, name: str) -> str:
        """Return a header's values as one, with commas between; empty where it was not sent."""
        return ", ".join(self.headers.get(name, ()))

    @cached_property
    def body(self) -> bytes:
        """The body as it was sent; empty where there is none."""
        sent: str = self.event.get("body") or ""
        return b64decode(sent) if self.event.get("isBase64Encoded") else sent.encode()

    @cached_property
    def authorizer(self) -> Mapping[str, Any]:
        """What the authorizer found out about the caller; empty on open paths."""
        found: Mapping[str, Any] = self._context.get("authorizer") or {}
        return found

    @cached_property
    def caller(self) -> Identity:
        """Who is asking; `RefusedError` where nobody was identified."""
        return Identity.of(self.authorizer)

    @property
    def _context(self) -> Mapping[str, Any]:
        context: Mapping[str, Any] = self.event.get("requestContext") or {}
        return context
