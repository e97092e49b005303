"""Cursors as callers see them: opaque, signed, and good only for the query that gave them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..errors import InputError
from ..ports import Cursor

if TYPE_CHECKING:
    from itsdangerous import URLSafeSerializer

__all__ = ["CursorSigner"]

FORMAT: Final = 1
"""How positions are written down; raised when that changes, so that older cursors are refused."""


class CursorSigner:
    """Signs positions with a key (HMAC-SHA-256); the parameters of the query are part of it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def sign(self, query: Mapping[str, object], position: Cursor | None) -> str | None:
        """Return the token that continues `query` from `position`; `None` where it has ended."""
        return None if position is None else str(self._serializer(query).dumps(dict(position)))

    def read(self, query: Mapping[str, object], token: str | None) -> Cursor | None:
        """Return the position in a token; `InputError` for one that is not of this query."""
        if token is None:
            return None
        from itsdangerous import BadData  # noqa: PLC0415  # few answers have a cursor

        try:
            position = self._serializer(query).loads(token)
        except BadData as error:
            raise InputError("cursor", "is not one that this query gave out") from error
        return {str(name): str(value) for name, value in position.items()}

    def _serializer(self, query: Mapping[str, object]) -> "URLSafeSerializer":
        from itsdangerous import URLSafeSerializer  # noqa: PLC0415

        salt = f"{FORMAT} {json.dumps(query, default=str, sort_keys=True)}"
        return URLSafeSerializer(self._key, salt=salt, signer_kwargs=_SIGNER)


_SIGNER = {"key_derivation": "hmac", "digest_method": "sha256"}
