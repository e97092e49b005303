"""Who is asking, as the authorizer tells the handlers."""

import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signal9_core.errors import RefusedError

from .scopes import SCOPES

__all__ = ["DEVELOPER", "LEEWAY_S", "Identity", "MissingScopeError", "NoTokenError"]

LEEWAY_S: Final = 10
"""By how much clocks may differ."""


class NoTokenError(RefusedError):
    """A caller did not even try to show who they are."""

    def __init__(self) -> None:
        super().__init__("A token is needed: send it as Authorization: Bearer.")


class MissingScopeError(Exception):
    """The caller's token does not allow this; `scope` names what would."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The token does not carry the scope {scope}.")
        self.scope = scope


class Identity(NamedTuple):
    """A caller: their id, what they may do, and until when (seconds since 1970)."""

    user_id: str
    scopes: frozenset[str]
    expires_at: int | None = None

    def context(self) -> dict[str, str]:
        """Return it as an authorizer's context, which holds nothing but text."""
        until = {} if self.expires_at is None else {"expiresAt": str(self.expires_at)}
        return {"userId": self.user_id, "scopes": " ".join(sorted(self.scopes)), **until}

    def needs(self, scope: str) -> None:
        """`MissingScopeError` unless the caller may do this."""
        if scope not in self.scopes:
            raise MissingScopeError(scope)

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> "Identity":
        """Read it from there; `RefusedError` where nobody was identified, or is no longer.

        API Gateway goes on using what an authorizer found for some minutes, whatever the token's
        own end; so that is looked at here.
        """
        user_id = context.get("userId")
        if not isinstance(user_id, str) or not user_id:
            raise NoTokenError
        until = context.get("expiresAt")
        expires_at = None if until is None else int(until)
        if expires_at is not None and expires_at + LEEWAY_S <= time.time():
            raise RefusedError("The token has expired.")
        return cls(user_id, frozenset(str(context.get("scopes", "")).split()), expires_at)


DEVELOPER: Final = Identity("local|developer", SCOPES)
"""Stands in on a laptop, where no issuer is configured."""
