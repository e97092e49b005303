"""Bodies that are sent: JSON, of a bounded size, said to be JSON."""

from http import HTTPStatus
from typing import Final

from .request import Request
from .response import JSON

__all__ = ["LARGEST_JSON", "BodyRefusedError", "json_body"]

LARGEST_JSON: Final = 65_536
"""Bytes of JSON that a request may send; no record needs more."""


class BodyRefusedError(Exception):
    """A body that is not even looked at; `status` says why."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def json_body(request: Request) -> bytes:
    """Return a body that may be JSON; `BodyRefusedError` for one that is another kind, or large.

    That it must be called JSON keeps forms of foreign pages out: browsers send those unasked.
    """
    media_type = request.header("content-type").partition(";")[0].strip().lower()
    if media_type != JSON:
        detail = f"The body must be sent as Content-Type: {JSON}."
        raise BodyRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    if len(request.body) > LARGEST_JSON:
        detail = f"A body may have {LARGEST_JSON} bytes at most."
        raise BodyRefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    return request.body
