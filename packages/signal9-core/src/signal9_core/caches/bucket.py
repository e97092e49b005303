"""Kept bodies in a bucket of S3."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ..errors import StoreError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client

__all__ = ["BucketFiles", "s3_client"]

_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_SERVER_ERROR: Final = 500


def s3_client() -> S3Client:
    """Return a client that gives up in seconds; region and credentials come from where AWS's do."""
    import boto3  # noqa: PLC0415  # core runs without it
    from botocore.config import Config  # noqa: PLC0415

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
        from botocore.exceptions import ClientError  # noqa: PLC0415  # core runs without it

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
    from botocore import exceptions  # noqa: PLC0415  # core runs without it

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
