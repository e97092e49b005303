"""The caller: who they are, and which scopes their token carries."""

import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

from signal9_core.errors import RefusedError

__all__ = [
    "DEVELOPER",
    "LEEWAY_S",
    "READ_MARKET",
    "READ_ME",
    "SCOPES",
    "WRITE_ME",
    "Identity",
    "MissingScopeError",
    "NoTokenError",
]

READ_MARKET: Final = "read:market"
READ_ME: Final = "read:me"
WRITE_ME: Final = "write:me"
SCOPES: Final = frozenset({READ_MARKET, READ_ME, WRITE_ME})

LEEWAY_S: Final = 10
"""The most that clocks may differ by."""


class NoTokenError(RefusedError):
    """A request without a token."""

    def __init__(self) -> None:
        super().__init__("A token is required: send Authorization: Bearer <token>.")


class MissingScopeError(Exception):
    """The caller's token lacks the scope that a request needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The token does not carry the scope {scope}.")
        self.scope = scope


class Identity(NamedTuple):
    """A caller's id, scopes, and end of their token in seconds since 1970.

    `email` is their verified address: empty if they have none, `None` if the token does not say.
    """

    user_id: str
    scopes: frozenset[str]
    expires_at: int | None = None
    email: str | None = None

    def context(self) -> dict[str, str]:
        """Return it as an authorizer's context, which holds only text."""
        until = {} if self.expires_at is None else {"expiresAt": str(self.expires_at)}
        email = {} if self.email is None else {"email": self.email}
        scopes = " ".join(sorted(self.scopes))
        return {"userId": self.user_id, "scopes": scopes, **until, **email}

    def require(self, scope: str) -> None:
        """Raise `MissingScopeError` unless the caller has this scope."""
        if scope not in self.scopes:
            raise MissingScopeError(scope)

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Read it from an authorizer's context; `RefusedError` without one or after its end.

        API Gateway caches what the authorizer returned, even when the token has expired.
        """
        user_id = context.get("userId")
        if not isinstance(user_id, str) or not user_id:
            raise NoTokenError
        until = context.get("expiresAt")
        expires_at = None if until is None else int(until)
        if expires_at is not None and expires_at + LEEWAY_S <= time.time():
            raise RefusedError("The token has expired.")
        scopes = frozenset(str(context.get("scopes", "")).split())
        return cls(user_id, scopes, expires_at, context.get("email"))


DEVELOPER: Final = Identity("local|developer", SCOPES)
"""The caller on the local server, unless an issuer is configured."""
