"""The raw cache: what came, when, and to which question; identical bodies are kept once.

`alphavantage/OVERVIEW/IBM/2026-05-15/143000.000000-3f2a….json` says what was asked and which body
came; `alphavantage/OVERVIEW/IBM/bodies/3f2a….gz` is that body, compressed.
"""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from ..errors import StoreError
from ..ports import RawCopy, RawResponse
from .files import Files

__all__ = ["Archive"]

_NOBODY: Final = "-"
_BODIES: Final = "bodies"
_PARTS: Final = 5


class _Record(msgspec.Struct, frozen=True):
    """What is known of a body."""

    received: datetime
    request: dict[str, str]
    sha256: str


class Archive:
    """A `RawCache` in files, from which everything can be read again."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, response: RawResponse) -> None:
        """Keep what came; a body that is there already, byte for byte, is only noted again."""
        digest = hashlib.sha256(response.body).hexdigest()
        folder = _folder(response)
        body = _body_name(folder, digest)
        if not self._files.has(body):
            self._files.write(body, gzip.compress(response.body, mtime=0))
        moment = response.received_at.astimezone(UTC)
        record = _Record(moment, dict(response.request), digest)
        name = f"{folder}/{moment:%Y-%m-%d}/{moment:%H%M%S.%f}-{digest[:16]}.json"
        self._files.write(name, msgspec.json.encode(record))

    def copies(self) -> Iterator[RawCopy]:
        """Yield everything that was kept."""
        for name in self._files.names():
            parts = name.split("/")
            if len(parts) == _PARTS and parts[3] != _BODIES and name.endswith(".json"):
                yield self._copy(name, *parts[:3])

    def _copy(self, name: str, provider: str, function: str, ticker: str) -> RawCopy:
        try:
            record = msgspec.json.decode(self._files.read(name), type=_Record)
        except msgspec.DecodeError as error:
            raise StoreError(f"{name}: it is no record of the cache: {error}") from error
        body = _body_name(f"{provider}/{function}/{ticker}", record.sha256)
        return RawCopy(
            file=name,
            provider=provider,
            function=function,
            symbol=None if ticker == _NOBODY else unquote(ticker),
            at=record.received,
            read=partial(self._body, body, record.sha256),
        )

    def _body(self, name: str, digest: str) -> bytes:
        try:
            body = gzip.decompress(self._files.read(name))
        except (EOFError, OSError) as error:
            raise StoreError(f"{name}: it cannot be unpacked: {error}") from error
        if hashlib.sha256(body).hexdigest() != digest:
            raise StoreError(f"{name}: it is damaged")
        return body


def _folder(response: RawResponse) -> str:
    ticker = _NOBODY if response.ticker is None else quote(response.ticker, safe="")
    return f"{response.provider}/{response.function}/{ticker}"


def _body_name(folder: str, digest: str) -> str:
    return f"{folder}/{_BODIES}/{digest}.gz"
