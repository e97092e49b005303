"""The Lambda authorizer: checks access tokens, signed with RS256 by the issuer's published keys."""

import re
from collections.abc import Mapping
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import jwt

from signal9_core.errors import IssuerUnavailableError, RefusedError, SettingsError
from signal9_core.settings import Settings, load_settings

from ..runtime import logger
from .identity import LEEWAY_S, SCOPES, Identity, NoTokenError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = [
    "SigningKeys",
    "TokenVerifier",
    "UnauthorizedError",
    "handler",
    "keys_url",
    "make_verifier",
    "verifier",
]

_ALGORITHM: Final = "RS256"
_CLAIMS: Final = ["exp", "iat", "sub", "iss", "aud"]
_LONGEST_TOKEN: Final = 8_192
_LONGEST_SUBJECT: Final = 128
_EMAIL_CLAIM: Final = re.compile(r"(https?://\S+/)?email")
_EMAIL: Final = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+", re.ASCII
)
_LONGEST_EMAIL: Final = 254
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_REASONS: Final[dict[type[jwt.PyJWTError], str]] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is for another API.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
}


class UnauthorizedError(Exception):
    """API Gateway answers 401 to exactly this message."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: Mapping[str, str], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    """Identify the caller, for all paths of the stage, since API Gateway caches the result.

    Handlers check the scope that their path needs.
    """
    try:
        identity = verifier()(event["authorizationToken"])
    except RefusedError as error:
        logger().info("token refused", reason=str(error))
        raise UnauthorizedError from None
    except Exception:  # whatever it is, an alarm counts it; Lambda logs what is raised
        _count_error()
        raise
    stage = "/".join(event["methodArn"].split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{stage}/*"}
    return {
        "principalId": identity.user_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": identity.context(),
    }


def _count_error() -> None:
    from ..metrics import put_authorizer_error  # noqa: PLC0415  # loaded after a failure only

    put_authorizer_error(load_settings().stage)


@cache
def verifier() -> "TokenVerifier":
    """Return the verifier for the environment's settings; `SettingsError` without an issuer."""
    return make_verifier(load_settings())


def make_verifier(settings: Settings) -> "TokenVerifier":
    """Return the verifier for these settings; `SettingsError` without issuer and audience."""
    if not settings.issuer or not settings.audience:
        raise SettingsError("issuer and audience must be set together")
    keys = SigningKeys(settings.issuer)
    return TokenVerifier(
        settings.issuer, settings.audience, keys, require_scopes=settings.require_scopes
    )


class TokenVerifier:
    """Identifies the caller by the header Authorization.

    A token without any of the API's scopes has them all, unless `require_scopes`, or it carries
    permissions or a scope that is not text; then it has none.
    """

    def __init__(
        self, issuer: str, audience: str, keys: "SigningKeys", *, require_scopes: bool = False
    ) -> None:
        # Issuers are spelled with and without a slash at the end.
        self._issuers = [issuer.removesuffix("/"), f"{issuer.removesuffix('/')}/"]
        self._audience = audience
        self._keys = keys
        self._require_scopes = require_scopes

    def __call__(self, authorization: str) -> Identity:
        """Return the caller; `RefusedError` says what is wrong with the token."""
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NoTokenError
        if len(token) > _LONGEST_TOKEN:
            raise RefusedError(f"The token is longer than {_LONGEST_TOKEN} bytes.")
        claims = self._claims(token.strip())
        if not 1 <= len(claims["sub"]) <= _LONGEST_SUBJECT:
            raise RefusedError("The token's subject is empty or too long.")
        return Identity(
            claims["sub"], self._scopes(claims), int(claims["exp"]), _verified_email(claims)
        )

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
                options={"require": _CLAIMS},
            )
        except jwt.PyJWTError as error:
            raise RefusedError(_reason(error)) from error
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise RefusedError("The token is malformed.") from error

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        scope, permissions = claims.get("scope"), claims.get("permissions")
        carried = set(scope.split()) if isinstance(scope, str) else set()
        if isinstance(permissions, list):
            carried |= {item for item in permissions if isinstance(item, str)}
        granted = SCOPES & carried
        is_limited = permissions is not None or not isinstance(scope, str | None)
        return granted if granted or is_limited or self._require_scopes else SCOPES


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    """Return the address if it is verified, else an empty text; `None` without such a claim.

    Auth0 allows additional claims in access tokens only under names that begin with a URL.
    """
    name = next((name for name in sorted(claims) if _EMAIL_CLAIM.fullmatch(name)), None)
    if name is None:
        return None
    email, verified = claims[name], claims.get(f"{name}_verified")
    if verified is not True or not isinstance(email, str) or len(email) > _LONGEST_EMAIL:
        return ""
    return email if _EMAIL.fullmatch(email) else ""


class SigningKeys:
    """An issuer's keys, cached for ten minutes.

    An unknown key id has them fetched again, at most every thirty seconds. After a failure the
    issuer is left alone for five seconds; known keys go on working for
    an hour after they were last used from the cache.
    """

    def __init__(
        self,
        issuer: str,
        *,
        lifespan_s: float = 600.0,
        cooldown_s: float = 30.0,
        pause_s: float = 5.0,
        timeout_s: float = 3.0,
        outage_s: float = 3600.0,
    ) -> None:
        self._client = jwt.PyJWKClient(
            keys_url(issuer), lifespan=lifespan_s, timeout=timeout_s, cooldown_duration=cooldown_s
        )
        self._pause_s = pause_s
        self._paused_until = 0.0
        self._outage_s = outage_s
        self._known: list[jwt.PyJWK] = []
        self._known_until = 0.0

    def key(self, key_id: str | None) -> jwt.PyJWK:
        """Return a key, or the only one for a token that names none.

        `RefusedError` if the issuer has no such key, `IssuerUnavailableError` if it has no keys.
        """
        if key := self._cached(key_id):
            return key
        try:
            return self._fetch(key_id)
        except IssuerUnavailableError:
            known = self._known if monotonic() < self._known_until else []
            if key := self._match(known, key_id):
                return key
            raise

    def _cached(self, key_id: str | None) -> jwt.PyJWK | None:
        cache = self._client.jwk_set_cache
        key_set = None if cache is None else cache.get()
        keys = [key for key in key_set.keys if key.public_key_use != "enc"] if key_set else []
        if keys:
            self._known, self._known_until = keys, monotonic() + self._outage_s
        return self._match(keys, key_id)

    def _match(self, keys: list[jwt.PyJWK], key_id: str | None) -> jwt.PyJWK | None:
        if key_id is not None:
            return self._client.match_kid(keys, key_id)
        return keys[0] if len(keys) == 1 else None

    def _fetch(self, key_id: str | None) -> jwt.PyJWK:
        if monotonic() < self._paused_until:
            raise IssuerUnavailableError("the issuer's keys could not be fetched a moment ago")
        try:
            if key_id is not None:
                key = self._client.get_signing_key(key_id)
                self._cached(key_id)
                return key
            self._client.get_jwk_set()
        except (jwt.PyJWTError, OSError, ValueError) as error:
            has_keys = bool(self._client.jwk_set_cache and self._client.jwk_set_cache.get())
            if has_keys and not isinstance(error, jwt.PyJWKClientConnectionError | OSError):
                raise RefusedError("The token's key is not one of the issuer's.") from error
            self._paused_until = monotonic() + self._pause_s
            message = f"{self._client.uri}: keys cannot be fetched: {error}"
            raise IssuerUnavailableError(message) from error
        if (only := self._cached(None)) is None:
            raise RefusedError("The token does not name its key.")
        return only


def keys_url(issuer: str) -> str:
    """Return where an issuer publishes its keys; plain HTTP is for this machine only."""
    parts = urlsplit(issuer)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.hostname and (parts.scheme == "https" or is_local)):
        raise SettingsError(
            f"invalid issuer {issuer!r}: must start with https:// (http:// only for 127.0.0.1)"
        )
    if parts.query or parts.fragment or parts.username:
        raise SettingsError("invalid issuer: must have no query, fragment or user")
    return f"{issuer.removesuffix('/')}/.well-known/jwks.json"


def _reason(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token has no claim {error.claim}."
    reasons = (text for kind, text in _REASONS.items() if isinstance(error, kind))
    return next(reasons, "The token is malformed or was tampered with.")
