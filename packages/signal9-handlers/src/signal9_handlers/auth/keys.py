"""The issuer's signing keys: fetched, kept for a while, asked for again in moderation."""

from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWKClientConnectionError, PyJWTError

from signal9_core.errors import IssuerUnavailableError, RefusedError, SettingsError

__all__ = ["SigningKeys", "keys_url"]

_TIMEOUT_S: Final = 3.0
_KEPT_S: Final = 600.0
_COOLING_S: Final = 30.0
_FAILED_S: Final = 5.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def keys_url(issuer: str) -> str:
    """Return where an issuer publishes its keys; plain HTTP only on this machine."""
    parts = urlsplit(issuer)
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.hostname and (parts.scheme == "https" or local)):
        raise SettingsError(
            f"the issuer {issuer!r} must start with https:// (http:// only for 127.0.0.1)"
        )
    if parts.query or parts.fragment or parts.username:
        raise SettingsError("the issuer must be an address without query, fragment or user")
    return f"{issuer.removesuffix('/')}/.well-known/jwks.json"


class SigningKeys:
    """An issuer's keys by their ids.

    All are kept for ten minutes. A key that is not among them has them fetched again, at most every
    thirty seconds; after a failure nobody is asked for five. Redirects are not followed.
    """

    def __init__(
        self,
        issuer: str,
        *,
        kept_s: float = _KEPT_S,
        cooling_s: float = _COOLING_S,
        failed_s: float = _FAILED_S,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._client = PyJWKClient(
            keys_url(issuer), lifespan=kept_s, timeout=timeout_s, cooldown_duration=cooling_s
        )
        self._failed_s = failed_s
        self._quiet_until = 0.0

    def key(self, key_id: str | None) -> PyJWK:
        """Return a key, the only one where a token names none.

        `RefusedError` if there is no such one, `IssuerUnavailableError` if none can be had.
        """
        # What is known needs nobody: neither an issuer that is away nor a crowd with made-up keys
        # keeps good tokens out.
        known = _chosen(self._kept(), key_id)
        return self._fetched(key_id) if known is None else known

    def _fetched(self, key_id: str | None) -> PyJWK:
        if monotonic() < self._quiet_until:
            raise IssuerUnavailableError("the issuer's keys could not be fetched a moment ago")
        try:
            if key_id is not None:
                return self._client.get_signing_key(key_id)
            only = _chosen(self._client.get_jwk_set(), None)
        except (PyJWKClientConnectionError, OSError, ValueError) as error:
            raise self._unavailable(error) from error
        except PyJWTError as error:
            if self._kept() is None:
                raise self._unavailable(error) from error
            raise RefusedError("The token's key is not one of the issuer's.") from error
        if only is None:
            raise RefusedError("The token does not name its key.")
        return only

    def _kept(self) -> PyJWKSet | None:
        cache = self._client.jwk_set_cache
        return None if cache is None else cache.get()

    def _unavailable(self, error: Exception) -> IssuerUnavailableError:
        self._quiet_until = monotonic() + self._failed_s
        return IssuerUnavailableError(f"{self._client.uri}: no keys to be had: {error}")


def _chosen(kept: PyJWKSet | None, key_id: str | None) -> PyJWK | None:
    signing = [each for each in kept.keys if each.public_key_use != "enc"] if kept else []
    if key_id is not None:
        return PyJWKClient.match_kid(signing, key_id)
    return signing[0] if len(signing) == 1 else None
