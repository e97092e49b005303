"""Checking access tokens: RS256 alone, every claim, nothing that the token says about its key."""

from collections.abc import Mapping
from typing import Any, Final

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    MissingRequiredClaimError,
    PyJWTError,
)

from signal9_core.errors import RefusedError, SettingsError
from signal9_core.settings import Settings

from .identity import LEEWAY_S, Identity, NoTokenError
from .keys import SigningKeys
from .scopes import SCOPES

__all__ = ["LONGEST_TOKEN", "TokenVerifier", "verifier_of"]

LONGEST_TOKEN: Final = 8_192
"""Bytes that a token may have; it is not looked at beyond."""

_ALGORITHM: Final = "RS256"
_REQUIRED: Final = ("exp", "iat", "sub", "iss", "aud")
_LONGEST_SUBJECT: Final = 128

_REASONS: Final[dict[type[PyJWTError], str]] = {
    ExpiredSignatureError: "The token has expired.",
    ImmatureSignatureError: "The token is not valid yet.",
    InvalidAudienceError: "The token is for another API.",
    InvalidIssuerError: "The token is from another issuer.",
}


def verifier_of(settings: Settings) -> "TokenVerifier":
    """Return what checks tokens; `SettingsError` unless there are an issuer and an audience."""
    if not settings.issuer or not settings.audience:
        raise SettingsError("an issuer and an audience go together: set both")
    return TokenVerifier(
        settings.issuer,
        settings.audience,
        SigningKeys(settings.issuer),
        require_scopes=settings.require_scopes,
    )


class TokenVerifier:
    """Tells whose a token is, or refuses it.

    A token is held to the scopes of the API that it carries. One that carries none of them may do
    everything its owner may, unless `require_scopes` says that it may nothing.
    """

    def __init__(
        self, issuer: str, audience: str, keys: SigningKeys, *, require_scopes: bool = False
    ) -> None:
        # Some write a slash at the end, others do not; it is the same place.
        self._issuers = [issuer.removesuffix("/"), f"{issuer.removesuffix('/')}/"]
        self._audience = audience
        self._keys = keys
        self._require_scopes = require_scopes

    def __call__(self, authorization: str) -> Identity:
        """Return who sent this header; `RefusedError` says what is wrong with it."""
        claims = self._claims(_token_in(authorization))
        user_id = claims["sub"]
        if not 1 <= len(user_id) <= _LONGEST_SUBJECT:
            raise RefusedError("The token has no usable subject.")
        return Identity(user_id, self._scopes(claims), int(claims["exp"]))

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != _ALGORITHM:
                raise RefusedError(f"The token is not signed with {_ALGORITHM}.")
            return jwt.decode(
                token,
                self._keys.key(header.get("kid")).key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuers,
                leeway=LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
        except PyJWTError as error:
            raise RefusedError(_reason(error)) from error
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise RefusedError("The token is malformed.") from error

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        scope, permissions = claims.get("scope"), claims.get("permissions")
        carried = set(scope.split()) if isinstance(scope, str) else set()
        if isinstance(permissions, list):
            carried |= {each for each in permissions if isinstance(each, str)}
        granted = SCOPES & carried
        return granted if granted or self._require_scopes else SCOPES


def _token_in(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NoTokenError
    if len(token) > LONGEST_TOKEN:
        raise RefusedError(f"The token is longer than {LONGEST_TOKEN} bytes.")
    return token.strip()


def _reason(error: PyJWTError) -> str:
    if isinstance(error, MissingRequiredClaimError):
        return f"The token has no claim {error.claim}."
    known = (text for kind, text in _REASONS.items() if isinstance(error, kind))
    return next(known, "The token is malformed or was tampered with.")
