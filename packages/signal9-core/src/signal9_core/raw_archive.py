"""Where kept bodies are: files by name, in a folder or elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote, unquote

import msgspec

from .errors import StoreError, StoreUnavailableError
from .ports import RawCopy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client

    from .ports import RawCopies, RawResponse
__all__ = ["Archive", "BucketFiles", "Files", "FolderFiles", "Recordings", "copies_in", "s3_client"]


class Files(Protocol):
    """Files by name, with `/` between folders; every method raises `StoreError` for trouble."""

    def names(self) -> Iterable[str]:
        """Return the names of all files."""

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Return what a file holds."""

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file; nobody ever sees part of it."""


class FolderFiles:
    """Files in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterable[str]:
        """Return the names of all files below the folder; none where there is no folder."""
        with _folder_errors(self._folder):
            found = (path for path in self._folder.rglob("*") if path.is_file())
            return sorted(path.relative_to(self._folder).as_posix() for path in found)

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return (self._folder / name).is_file()

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        with _folder_errors(self._folder / name):
            return (self._folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write beside the place and move it there, which cannot be interrupted."""
        path = self._folder / name
        with _folder_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(beside).replace(path)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise


@contextmanager
def _folder_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_SERVER_ERROR: Final = 500


def s3_client() -> S3Client:
    """Return a client that gives up in seconds; region and credentials come from where AWS's do."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2, read_timeout=10
    )
    return boto3.Session().client("s3", config=config)


class BucketFiles:
    """Files in a bucket; the names are its keys."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def names(self) -> Iterable[str]:
        """Return the names of all files, page after page."""
        with _bucket_errors(self._bucket):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
            return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        from botocore.exceptions import ClientError  # core runs without it

        with _bucket_errors(f"{self._bucket}/{name}"):
            try:
                self._client.head_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _MISSING:
                    return False
                raise
        return True

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        with _bucket_errors(f"{self._bucket}/{name}"):
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        return body

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file."""
        with _bucket_errors(f"{self._bucket}/{name}"):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=content)


@contextmanager
def _bucket_errors(where: str) -> Iterator[None]:
    from botocore import exceptions  # core runs without it

    try:
        yield
    except exceptions.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        kind = StoreUnavailableError if status >= _SERVER_ERROR else StoreError
        raise kind(f"s3://{where}: {error}") from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise StoreUnavailableError(f"s3://{where}: {error}") from error
    except exceptions.BotoCoreError as error:
        raise StoreError(f"s3://{where}: {error}") from error


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


_PARTS_RECORDINGS: Final = 3
_DATED: Final = re.compile(r"_(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?=_|$)")
_DECEMBER: Final = 12


class Recordings:
    """What lies in a folder, of which the cache knows nothing."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def copies(self) -> Iterator[RawCopy]:
        """Yield every file that lies where a recording does."""
        for name in self._files.names():
            parts = name.split("/")
            stem, dot, kind = parts[-1].rpartition(".")
            if len(parts) == _PARTS_RECORDINGS and dot and kind in {"json", "csv"}:
                yield RawCopy(
                    file=name,
                    provider=parts[0],
                    function=parts[1],
                    symbol=stem.partition("_")[0],
                    at=_moment(stem),
                    read=partial(self._files.read, name),
                )


class _Both:
    def __init__(self, files: Files) -> None:
        self._files = files

    def copies(self) -> Iterator[RawCopy]:
        return chain(Archive(self._files).copies(), Recordings(self._files).copies())


def copies_in(folder: Path) -> RawCopies:
    """Return what a folder holds, be it a cache or recordings; `StoreError` if it is no folder."""
    if not folder.is_dir():
        raise StoreError(f"{folder}: there is no such folder")
    return _Both(FolderFiles(folder))


def _moment(stem: str) -> datetime | None:
    """Return the end of the time that a name says; `None` where it says none."""
    found = _DATED.search(stem)
    if found is None:
        return None
    year, month, day = (None if part is None else int(part) for part in found.groups())
    try:
        start = datetime(year or 1, month or _DECEMBER, day or 1, tzinfo=UTC)
    except ValueError:
        return None
    if day is None:
        # The last second of the month, or of the year.
        start = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return start + timedelta(days=1, seconds=-1)
