"""The raw responses of providers, in a folder or a bucket, and how to read them again."""

from __future__ import annotations

import gzip
import hashlib
import re
from calendar import monthrange
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote, unquote

import msgspec

from .aws import aws_errors
from .errors import StoreError, StoreUnavailableError
from .provider_port import RawCopy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from mypy_boto3_s3 import S3Client

    from .provider_port import RawCopies, RawResponse

__all__ = [
    "BucketFiles",
    "Files",
    "FolderFiles",
    "RawArchive",
    "Recordings",
    "copies_in",
]

_NO_TICKER: Final = "-"
_BODIES: Final = "bodies"
_RECORD_DEPTH: Final = 5
_RECORDING_DEPTH: Final = 3
_DATE: Final = re.compile(r"_(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?=_|$)")


class Files(Protocol):
    """Files by name, with `/` between folders; every method may raise `StoreError`."""

    def names(self) -> Iterable[str]:
        """Return the names of all files."""

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Return the content of a file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file; a reader never sees part of it."""


class FolderFiles:
    """Files in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterable[str]:
        """Return the names of all files below the folder; none if there is no folder."""
        with _folder_errors(self._folder):
            files = (path for path in self._folder.rglob("*") if path.is_file())
            return sorted(path.relative_to(self._folder).as_posix() for path in files)

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""
        return (self._folder / name).is_file()

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with _folder_errors(self._folder / name):
            return (self._folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write a temporary file and rename it, which cannot be interrupted."""
        path = self._folder / name
        with _folder_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=path.parent, prefix=".") as folder:
                temporary = Path(folder, path.name)
                temporary.write_bytes(content)
                temporary.replace(path)


@contextmanager
def _folder_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


class BucketFiles:
    """Files in a bucket; the names are its keys."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def names(self) -> Iterable[str]:
        """Return the names of all files, page after page."""
        with self._errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""
        with self._errors(name):
            try:
                self._client.head_object(Bucket=self._bucket, Key=name)
            except self._client.exceptions.ClientError as error:
                if error.response.get("Error", {}).get("Code") == "404":
                    return False
                raise
        return True

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with self._errors(name):
            return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file."""
        with self._errors(name):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=content)

    def _errors(self, name: str = "") -> AbstractContextManager[None]:
        where = f"s3://{self._bucket}/{name}"
        return aws_errors(where, StoreError, unavailable=StoreUnavailableError)


class _Record(msgspec.Struct, frozen=True):
    """What is stored about a body."""

    received: datetime
    request: dict[str, str]
    sha256: str


class RawArchive:
    """A `RawCache` in files, from which everything can be read again.

    A body is stored once, however often it came, below `provider/function/ticker/bodies`; every
    response has a record of its own, below `provider/function/ticker/date`.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, response: RawResponse) -> None:
        """Store a response; of a body that is stored already, only a record is added."""
        digest = hashlib.sha256(response.body).hexdigest()
        folder = _folder_of(response)
        body = _body_name(folder, digest)
        if not self._files.has(body):
            self._files.write(body, gzip.compress(response.body, mtime=0))
        received = response.received_at.astimezone(UTC)
        record = _Record(received, dict(response.request), digest)
        name = f"{folder}/{received:%Y-%m-%d}/{received:%H%M%S.%f}-{digest[:16]}.json"
        self._files.write(name, msgspec.json.encode(record))

    def copies(self) -> Iterator[RawCopy]:
        """Yield every stored response."""
        for name in self._files.names():
            parts = name.split("/")
            is_record = len(parts) == _RECORD_DEPTH and parts[3] != _BODIES
            if is_record and name.endswith(".json"):
                yield self._copy(name, *parts[:3])

    def _copy(self, name: str, provider: str, function: str, ticker: str) -> RawCopy:
        try:
            record = msgspec.json.decode(self._files.read(name), type=_Record)
        except msgspec.DecodeError as error:
            raise StoreError(f"{name}: not a record of the archive: {error}") from error
        body = _body_name(f"{provider}/{function}/{ticker}", record.sha256)
        return RawCopy(
            file=name,
            provider=provider,
            function=function,
            symbol=None if ticker == _NO_TICKER else unquote(ticker),
            at=record.received,
            read=partial(self._body, body, record.sha256),
        )

    def _body(self, name: str, digest: str) -> bytes:
        try:
            body = gzip.decompress(self._files.read(name))
        except (EOFError, OSError) as error:
            raise StoreError(f"{name}: cannot be decompressed: {error}") from error
        if hashlib.sha256(body).hexdigest() != digest:
            raise StoreError(f"{name}: damaged, its checksum differs")
        return body


def _folder_of(response: RawResponse) -> str:
    ticker = _NO_TICKER if response.ticker is None else quote(response.ticker, safe="")
    return f"{response.provider}/{response.function}/{ticker}"


def _body_name(folder: str, digest: str) -> str:
    return f"{folder}/{_BODIES}/{digest}.gz"


class Recordings:
    """Plain files named `provider/FUNCTION/TICKER_….json` or `.csv`, beside those of an archive."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def copies(self) -> Iterator[RawCopy]:
        """Yield every response of an archive, and every file that is named like a recording."""
        yield from RawArchive(self._files).copies()
        for name in self._files.names():
            parts = name.split("/")
            stem, dot, extension = parts[-1].rpartition(".")
            if len(parts) == _RECORDING_DEPTH and dot and extension in {"json", "csv"}:
                yield RawCopy(
                    file=name,
                    provider=parts[0],
                    function=parts[1],
                    symbol=stem.partition("_")[0],
                    at=_end_of_date(stem),
                    read=partial(self._files.read, name),
                )


def copies_in(folder: Path) -> RawCopies:
    """Return what a folder holds, an archive or recordings; `StoreError` if it is not a folder."""
    if not folder.is_dir():
        raise StoreError(f"{folder}: folder not found")
    return Recordings(FolderFiles(folder))


def _end_of_date(stem: str) -> datetime | None:
    """Return the last second of the day, month or year in a name; `None` if there is none."""
    match = _DATE.search(stem)
    if match is None:
        return None
    year, month = int(match[1]), int(match[2] or 12)
    try:
        day = int(match[3] or monthrange(year, month)[1])
        return datetime(year, month, day, 23, 59, 59, tzinfo=UTC)
    except ValueError:
        return None
