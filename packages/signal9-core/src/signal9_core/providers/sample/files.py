"""The bundled files, read whole and as shipped, or not at all."""

import gzip
import hashlib
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

from ...errors import PayloadError

__all__ = ["SampleFiles"]

_MANIFEST: Final = "manifest.json"
_SHIPPED: Final = files(__package__) / "data"


class SampleFiles:
    """Files with the digests that they were shipped with; `PayloadError` names one that differs."""

    def __init__(self, folder: Traversable = _SHIPPED) -> None:
        self._folder = folder

    @cached_property
    def names(self) -> frozenset[str]:
        """What is in the sample."""
        return frozenset(self._digests)

    def read(self, name: str) -> bytes:
        """Return what a file holds, unpacked where its name ends in `.gz`."""
        found = self._read(name)
        if hashlib.sha256(found).hexdigest() != self._digests.get(name):
            raise _damaged(name, "is damaged")
        return gzip.decompress(found) if name.endswith(".gz") else found

    @cached_property
    def _digests(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._read(_MANIFEST), type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _damaged(_MANIFEST, "is damaged") from error

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise _damaged(name, "cannot be read") from error


def _damaged(name: str, problem: str) -> PayloadError:
    return PayloadError(f"sample file {name} {problem}: install signal9-core again")
