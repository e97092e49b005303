"""Cursors as callers see them: opaque, signed, and good only for the query that gave them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ..errors import InputError
from ..ports import Cursor

if TYPE_CHECKING:
    from itsdangerous import URLSafeSerializer
__all__ = ["CursorSigner", "SigningKeys"]

FORMAT: Final = 1
"""How positions are written down; raised when that changes, so that older cursors are refused."""

_SIGNER: Final = {"key_derivation": "hmac", "digest_method": "sha256"}


class SigningKeys(Protocol):
    """The keys that cursors are signed with, oldest first; the last one signs."""

    def known(self) -> Sequence[str]:
        """Return the keys as they were read."""

    def renewed(self) -> Sequence[str]:
        """Return the keys, read again if they may have changed."""


@dataclass(frozen=True, slots=True)
class _GivenKey:
    """One key, for as long as the process lives."""

    key: str

    def known(self) -> Sequence[str]:
        """Return the key."""
        return (self.key,)

    renewed = known


class CursorSigner:
    """Signs positions with a key (HMAC-SHA-256); the parameters of the query are part of it."""

    def __init__(self, keys: SigningKeys | str) -> None:
        self._keys = _GivenKey(keys) if isinstance(keys, str) else keys

    def sign(self, query: Mapping[str, object], position: Cursor | None) -> str | None:
        """Return the token that continues `query` from `position`; `None` where it has ended."""
        if position is None:
            return None
        return str(_serializer(self._keys.known(), query).dumps(dict(position)))

    def read(self, query: Mapping[str, object], token: str | None) -> Cursor | None:
        """Return the position in a token; `InputError` for one that is not of this query."""
        if token is None:
            return None
        from itsdangerous import BadData  # few answers have a cursor

        try:
            position = self._position(query, token)
        except BadData as error:
            raise InputError("cursor", "is not one that this query gave out") from error
        return {str(name): str(value) for name, value in position.items()}

    def _position(self, query: Mapping[str, object], token: str) -> Mapping[str, object]:
        """Return what a token holds; a key that is not known may be newer than those that are."""
        from itsdangerous import BadSignature

        found: Mapping[str, object]
        try:
            found = _serializer(self._keys.known(), query).loads(token)
        except BadSignature:
            found = _serializer(self._keys.renewed(), query).loads(token)
        return found


def _serializer(keys: Sequence[str], query: Mapping[str, object]) -> "URLSafeSerializer":
    from itsdangerous import URLSafeSerializer

    salt = f"{FORMAT} {json.dumps(query, default=str, sort_keys=True)}"
    return URLSafeSerializer(list(keys), salt=salt, signer_kwargs=_SIGNER)
