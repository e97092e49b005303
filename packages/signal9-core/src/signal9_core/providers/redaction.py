"""Keys, cut out of whatever is kept, logged or shown."""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["Redactor"]

_MARK: Final = b"[key]"
_PUBLIC: Final = "demo"
"""The key of a provider's examples: no secret, and a word of everyday texts."""
_LONG: Final = 12
"""From this length on a key is no part of any other word by chance."""
_ECHO: Final = re.compile(rb"(API key as )[^\s\"',;]+", re.IGNORECASE)


class Redactor:
    """Replaces secrets by `[key]`, as they are and as URLs and JSON spell them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelled = {each for secret in secrets for each in _spellings(secret)}
        longest_first = map(_pattern, sorted(spelled, key=len, reverse=True))
        pattern = b"|".join(longest_first)
        self._secrets = re.compile(pattern, re.IGNORECASE) if pattern else None

    def body(self, body: bytes) -> bytes:
        """Return a body without secrets."""
        kept = body if self._secrets is None else self._secrets.sub(_MARK, body)
        return _ECHO.sub(rb"\1" + _MARK, kept)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return self.body(text.encode()).decode()


def _spellings(secret: str) -> Iterator[str]:
    if secret and secret.lower() != _PUBLIC:
        yield from (secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/"))


def _pattern(secret: str) -> bytes:
    escaped = re.escape(secret).encode()
    whole = len(secret) < _LONG
    return rb"(?<![A-Za-z0-9])" + escaped + rb"(?![A-Za-z0-9])" if whole else escaped
