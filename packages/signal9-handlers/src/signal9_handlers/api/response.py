"""What handlers answer, before it takes the shape that API Gateway wants."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

__all__ = ["JSON", "Response"]

JSON: Final = "application/json"


class Response(NamedTuple):
    """A status, a body of one media type, and headers."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str]

    def result(self, *, head: bool = False) -> dict[str, Any]:
        """Return it as the result of a Lambda function; the answer to HEAD has no body."""
        bare = head or self.status in {HTTPStatus.NOT_MODIFIED, HTTPStatus.NO_CONTENT}
        typed = {"Content-Type": self.media_type} if self.media_type else {}
        return {
            "statusCode": int(self.status),
            "multiValueHeaders": {
                name: [value] for name, value in {**typed, **self.headers}.items()
            },
            "body": "" if bare else self.body.decode(),
            "isBase64Encoded": False,
        }
