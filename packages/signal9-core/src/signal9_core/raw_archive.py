"""The raw responses of providers, in a folder or a bucket, and how to read them again."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from calendar import monthrange
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol
from urllib.parse import quote, unquote

import msgspec

from .aws import aws_errors
from .errors import StoreError, StoreUnavailableError
from .provider_port import LARGEST_BODY, RawCopies, RawCopy, RawResponse, UnreadFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client

_NO_TICKER: Final = "-"
_BODIES: Final = "bodies"
_RECORD_DEPTH: Final = 5
_RECORDING_DEPTH: Final = 3
_SHORT: Final = 16
"""So many digits of the digest of its body are in the name of a record."""
_GZIP: Final = ".gz"
_SUFFIXES: Final = (".json", ".csv", _GZIP)
_SUFFIX: Final = re.compile(r"(\.json|\.csv)?(\.gz)?$")
_LAYOUT: Final = "provider/FUNCTION/NAME.json, .csv, .json.gz or .csv.gz"
_FIRST_YEAR: Final = 1970
_DATE: Final = re.compile(r"_((?:19|20)\d\d)(?:-(\d\d))?(?:-(\d\d))?(?=_|$)")


class Files(Protocol):
    """Files by name, with `/` between folders; every method may raise `StoreError`."""

    def names(self) -> Iterable[str]:
        """Return the names of all files."""

    def problems(self) -> Iterable[UnreadFile]:
        """Return entries that are not files or cannot be listed, with the reason."""

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Return the content of a file, which has at most `LARGEST_BODY` bytes."""

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file; a reader never sees part of it."""


class FolderFiles:
    """Files in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterable[str]:
        """Return the names of all files below the folder; none if there is no folder."""
        return sorted(name for name, problem in self._walk() if problem is None)

    def problems(self) -> Iterable[UnreadFile]:
        """Return entries that are not files or cannot be listed, with the reason."""
        return [UnreadFile(name, problem) for name, problem in self._walk() if problem is not None]

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""
        with _folder_errors(self._folder / name):
            return (self._folder / name).is_file()

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with _folder_errors(self._folder / name), (self._folder / name).open("rb") as file:
            _check_size(name, os.fstat(file.fileno()).st_size)
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Write a temporary file and rename it, which cannot be interrupted."""
        path = self._folder / name
        with _folder_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=path.parent, prefix=".") as folder:
                temporary = Path(folder, path.name)
                temporary.write_bytes(content)
                temporary.replace(path)

    def _walk(self) -> Iterator[tuple[str, str | None]]:
        """Yield everything below the folder but hidden files, with what is wrong with it."""
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self._folder / folder) as entries:
                    visible = [entry for entry in entries if not entry.name.startswith(".")]
            except OSError as error:
                if folder:
                    yield _shown(folder), str(error.strerror)
                elif not isinstance(error, FileNotFoundError):
                    raise StoreError(f"{self._folder}: {error.strerror}") from error
                continue
            for entry in visible:
                name = f"{folder}{entry.name}"
                problem = _problem_of(entry)
                if not entry.is_dir(follow_symlinks=False):
                    yield _shown(name), problem
                    continue
                folders.append(f"{name}/")
                if problem is not None:
                    yield _shown(name), problem


def _problem_of(entry: os.DirEntry[str]) -> str | None:
    """Return why an entry cannot be read as what its name says."""
    if _shown(entry.name) != entry.name:
        return "its name is not UTF-8"
    if entry.is_dir(follow_symlinks=False):
        return "a folder, not a file" if entry.name.endswith(_SUFFIXES) else None
    path = Path(entry.path)
    if path.is_file():
        return None
    if not entry.is_symlink():
        return "not a file"
    return "a link to a folder, which is not followed" if path.is_dir() else "a broken link"


def _shown(name: str) -> str:
    """Return a name as every output can hold it."""
    return os.fsencode(name).decode(errors="replace")


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

    def problems(self) -> Iterable[UnreadFile]:
        """Return nothing: a bucket has nothing but files."""
        return ()

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
            found = self._client.get_object(Bucket=self._bucket, Key=name)
            _check_size(name, found["ContentLength"])
            return found["Body"].read()

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file."""
        with self._errors(name):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=content)

    def _errors(self, name: str = "") -> AbstractContextManager[None]:
        where = f"s3://{self._bucket}/{name}"
        return aws_errors(where, StoreError, unavailable=StoreUnavailableError)


class _Record(msgspec.Struct, frozen=True):
    """What is stored about a body."""

    received: Annotated[datetime, msgspec.Meta(tz=True)]
    request: dict[str, str]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

    def __post_init__(self) -> None:
        if self.received.year < _FIRST_YEAR:
            raise ValueError(f"received in {self.received.year}")


class RawArchive:
    """A `RawCache` in files, from which everything can be read again.

    A body is stored once, however often it came, below `provider/function/ticker/bodies`; every
    response has a record of its own, below `provider/function/ticker/date`. Recordings, files named
    `provider/FUNCTION/TICKER_….json` or `.csv`, are read as well, compressed or not.
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
        name = f"{folder}/{received:%Y-%m-%d}/{received:%H%M%S.%f}-{digest[:_SHORT]}.json"
        self._files.write(name, msgspec.json.encode(record))

    def copies(self) -> Iterator[RawCopy]:
        """Yield every stored response, and every file that is named like a recording."""
        for name in self._files.names():
            match _kind_of(name):
                case "record":
                    yield self._recorded(name)
                case "recording":
                    yield self._recording(name)

    def unread(self) -> Iterator[UnreadFile]:
        """Yield files that are none of these, and bodies without a record."""
        yield from self._files.problems()
        names = list(self._files.names())
        used = {_short_body_name(name) for name in names if _kind_of(name) == "record"}
        for name in names:
            match _kind_of(name):
                case "body" if _short_body_name(name) not in used:
                    yield UnreadFile(name, "a body of the archive without a record")
                case "misplaced":
                    yield UnreadFile(name, f"not named {_LAYOUT}")

    def _recorded(self, name: str) -> RawCopy:
        """Return a response by its record; if that is damaged, reading the response says so."""
        provider, function, ticker, *_ = name.split("/")
        try:
            record = msgspec.json.decode(self._files.read(name), type=_Record)
        except (StoreError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            problem = StoreError(f"{name}: not a record of the archive: {error}")
            return RawCopy(name, provider, function, None, None, partial(_raise, problem))
        body = _body_name(f"{provider}/{function}/{ticker}", record.sha256)
        return RawCopy(
            file=name,
            provider=provider,
            function=function,
            symbol=None if ticker == _NO_TICKER else unquote(ticker),
            at=record.received,
            read=partial(self._body, body, record.sha256),
            request=record.request,
        )

    def _recording(self, name: str) -> RawCopy:
        provider, function, file = name.split("/")
        stem = _SUFFIX.sub("", file)
        return RawCopy(
            file=name,
            provider=provider,
            function=function,
            symbol=stem.partition("_")[0],
            at=_end_of_date(stem),
            read=partial(self._unzipped if name.endswith(_GZIP) else self._files.read, name),
        )

    def _body(self, name: str, digest: str) -> bytes:
        body = self._unzipped(name)
        if hashlib.sha256(body).hexdigest() != digest:
            raise StoreError(f"{name}: damaged, its checksum differs")
        return body

    def _unzipped(self, name: str) -> bytes:
        try:
            with gzip.open(BytesIO(self._files.read(name))) as file:
                body = file.read(LARGEST_BODY + 1)  # no more, however much there is
        except (EOFError, OSError, zlib.error) as error:
            raise StoreError(f"{name}: cannot be decompressed: {error}") from error
        _check_size(name, len(body))
        return body


def _raise(problem: StoreError) -> bytes:
    raise problem


def _check_size(name: str, size: int) -> None:
    if size > LARGEST_BODY:
        raise StoreError(f"{name}: has more than {LARGEST_BODY:,} bytes")


def _folder_of(response: RawResponse) -> str:
    ticker = _NO_TICKER if response.ticker is None else quote(response.ticker, safe="")
    return f"{response.provider}/{response.function}/{ticker}"


def _body_name(folder: str, digest: str) -> str:
    return f"{folder}/{_BODIES}/{digest}{_GZIP}"


def _short_body_name(name: str) -> tuple[str, str]:
    """Return the folder and the beginning of the digest in the name of a record or of a body."""
    folder, _, file = name.rsplit("/", 2)
    return folder, _SUFFIX.sub("", file).rpartition("-")[2][:_SHORT]


def _kind_of(name: str) -> Literal["record", "body", "recording", "hidden", "misplaced"]:
    """Return what a file is by its place and name."""
    parts = name.split("/")
    if any(part[:1] in {"", "."} for part in parts):
        return "hidden"
    if len(parts) == _RECORD_DEPTH and parts[3] == _BODIES and name.endswith(_GZIP):
        return "body"
    if len(parts) == _RECORD_DEPTH and parts[3] != _BODIES and name.endswith(".json"):
        return "record"
    if len(parts) == _RECORDING_DEPTH and name.endswith(_SUFFIXES):
        return "recording"
    return "misplaced"


def copies_in(folder: Path) -> RawCopies:
    """Return what a folder holds, an archive or recordings; `StoreError` if it is not a folder."""
    with _folder_errors(folder):
        if not folder.is_dir():
            raise StoreError(f"{folder}: folder not found")
    return RawArchive(FolderFiles(folder))


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
