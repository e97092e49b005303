"""Requests get their key where they leave the process, and nowhere before.

So neither the HTTP library's log nor its errors, requests and responses ever hold one.
"""

from collections.abc import Mapping

import httpx2
from pydantic import SecretStr

from ..errors import SettingsError

__all__ = ["KeyedTransport", "checked_key"]


class KeyedTransport(httpx2.BaseTransport):
    """A transport that adds secret parameters and headers to every request."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        *,
        params: Mapping[str, SecretStr] | None = None,
        headers: Mapping[str, SecretStr] | None = None,
    ) -> None:
        self._inner = inner
        self._params = params or {}
        self._headers = headers or {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request with its keys."""
        keyed = httpx2.Request(
            request.method,
            request.url.copy_merge_params(_revealed(self._params)),
            headers=[*request.headers.multi_items(), *_revealed(self._headers).items()],
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(keyed)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def checked_key(key: SecretStr | None, setting: str, origin: str) -> SecretStr:
    """Return a key without blanks around it; `SettingsError` where it can be none.

    `origin` is where a person gets one.
    """
    text = "" if key is None else key.get_secret_value().strip()
    if not text:
        raise SettingsError(
            f"{setting} is not set: the provider needs a key (from {origin}), in the environment, "
            "in .env or in the keyring; `signal9 secrets` shows what is found where"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{setting} holds characters that no key has")
    return SecretStr(text)


def _revealed(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}
