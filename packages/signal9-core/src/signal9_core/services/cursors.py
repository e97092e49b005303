"""Cursors: opaque to callers, and valid only for the query that they continue.

They are not signed: a cursor says where to continue in data that the caller may read anyway.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from ..errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..ports import Cursor

__all__ = ["decode_cursor", "encode_cursor", "invalid_cursor"]

_MAX_CHARACTERS: Final = 4_096
_MAX_VALUE: Final = 1_024
"""No key attribute is longer: DynamoDB allows sort keys of 1,024 bytes."""


class _Token(msgspec.Struct, forbid_unknown_fields=True):
    query: str
    position: dict[str, Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_VALUE)]]


def encode_cursor(query: Mapping[str, object], position: Cursor | None) -> str | None:
    """Return the cursor that continues a query from a position; `None` at its end."""
    if position is None:
        return None
    token = msgspec.json.encode(_Token(_digest(query), dict(position)))
    return urlsafe_b64encode(token).decode().rstrip("=")


def decode_cursor(
    query: Mapping[str, object], cursor: str | None, attributes: Collection[str]
) -> Cursor | None:
    """Return the position in a cursor, which has just these attributes; `None` at the start."""
    if cursor is None:
        return None
    if len(cursor) > _MAX_CHARACTERS:
        raise invalid_cursor()
    try:
        body = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        token = msgspec.json.decode(body, type=_Token)
    except ValueError as error:
        raise invalid_cursor() from error
    if token.query != _digest(query) or token.position.keys() != set(attributes):
        raise invalid_cursor()
    return token.position


def invalid_cursor() -> InputError:
    """Return the error for a cursor that does not continue the query."""
    return InputError("cursor", "is not a cursor of this query")


def _digest(query: Mapping[str, object]) -> str:
    text = json.dumps(query, default=str, sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()
