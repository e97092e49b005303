"""The archive stores every body as it came, once, in a folder and in a bucket alike."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from signal9_core.aws import aws_client
from signal9_core.errors import StoreError
from signal9_core.provider_port import RawResponse
from signal9_core.raw_archive import (
    BucketFiles,
    Files,
    FolderFiles,
    RawArchive,
    copies_in,
)
from tests.emulator import CREDENTIALS
from tests.fakes import NOW

BODY = b'{"Symbol": "IBM", "Name": "International Business Machines"}'


@pytest.fixture(params=["folder", "bucket"])
def files(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Files]:
    if request.param == "folder":
        yield FolderFiles(tmp_path / "cache")
        return
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="cache")
        yield BucketFiles(aws_client("s3"), "cache")


def response(body: bytes = BODY, minutes: int = 0, ticker: str | None = "IBM") -> RawResponse:
    return RawResponse(
        provider="alphavantage",
        function="OVERVIEW",
        ticker=ticker,
        request={"function": "OVERVIEW", "symbol": "IBM"},
        body=body,
        received_at=NOW + timedelta(minutes=minutes),
    )


def test_what_is_stored_comes_back_as_it_came(files: Files) -> None:
    archive = RawArchive(files)
    archive.keep(response())

    (copy,) = archive.copies()

    assert (copy.provider, copy.function, copy.symbol) == ("alphavantage", "OVERVIEW", "IBM")
    assert (copy.at, copy.read()) == (NOW, BODY)
    assert copy.file.startswith("alphavantage/OVERVIEW/IBM/2024-01-08/")


def test_identical_bodies_are_stored_once_and_every_response_is_listed(files: Files) -> None:
    archive = RawArchive(files)
    archive.keep(response())
    archive.keep(response(b"{}", minutes=1))
    archive.keep(response(minutes=2))

    bodies = [name for name in files.names() if name.endswith(".gz")]
    copies = sorted(archive.copies(), key=lambda each: each.at or NOW)

    assert len(bodies) == 2
    assert [copy.read() for copy in copies] == [BODY, b"{}", BODY]


def test_responses_about_no_company_and_odd_tickers_have_a_place_too(files: Files) -> None:
    archive = RawArchive(files)
    archive.keep(response(ticker=None))
    archive.keep(response(ticker="CRYPTO:BTC"))

    assert {copy.symbol for copy in archive.copies()} == {None, "CRYPTO:BTC"}
    assert not any(":" in name for name in files.names())


def test_a_body_that_was_tampered_with_is_refused(files: Files) -> None:
    archive = RawArchive(files)
    archive.keep(response())
    (body,) = (name for name in files.names() if name.endswith(".gz"))
    (copy,) = archive.copies()

    files.write(body, gzip.compress(b"{}"))
    with pytest.raises(StoreError, match="damaged"):
        copy.read()
    files.write(body, b"no gzip")
    with pytest.raises(StoreError, match="cannot be decompressed"):
        copy.read()


def test_a_broken_record_is_named(files: Files) -> None:
    files.write("alphavantage/OVERVIEW/IBM/2024-01-08/120000.json", b"[]")

    (copy,) = RawArchive(files).copies()

    with pytest.raises(StoreError, match="not a record"):
        copy.read()


def test_trouble_with_files_is_a_store_error(files: Files) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        files.read("nowhere")
    assert not files.has("nowhere")


def test_a_bucket_that_does_not_exist_is_a_store_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws(), pytest.raises(StoreError, match="nowhere"):
        BucketFiles(aws_client("s3"), "nowhere").names()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()

    with pytest.raises(StoreError, match="name"):
        FolderFiles(tmp_path).write("name", b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")

    with pytest.raises(StoreError, match="cache: Not a directory"):
        FolderFiles(tmp_path / "cache").names()


def test_files_that_are_neither_records_nor_bodies_are_listed(files: Files) -> None:
    archive = RawArchive(files)
    archive.keep(response())
    archive.keep(response(b"{}", minutes=1))
    record, *_ = (name for name in files.names() if name.endswith(".json"))
    for name in ("notes.txt", "alphavantage/OVERVIEW/IBM/bodies/0123.gz", ".hidden/file"):
        files.write(name, b"")

    unread = {file.file: file.reason for file in archive.unread()}

    assert unread == {
        "alphavantage/OVERVIEW/IBM/bodies/0123.gz": "a body of the archive without a record",
        "notes.txt": "not named provider/FUNCTION/NAME.json, .csv, .json.gz or .csv.gz",
    }
    assert record in {copy.file for copy in archive.copies()}


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder not found"):
        copies_in(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("IBM", None),
        ("IBM_2020", "2020-12-31T23:59:59"),
        ("IBM_2020-02", "2020-02-29T23:59:59"),
        ("IBM_2020-02-03_full", "2020-02-03T23:59:59"),
        ("IBM_2020-13", None),
    ],
)
def test_recordings_are_read_by_their_names(tmp_path: Path, name: str, at: str | None) -> None:
    files = FolderFiles(tmp_path)
    files.write(f"alphavantage/OVERVIEW/{name}.json", BODY)
    files.write("alphavantage/README.md", b"no recording")

    (copy,) = RawArchive(files).copies()
    (same,) = copies_in(tmp_path).copies()

    assert (copy.provider, copy.function, copy.symbol) == ("alphavantage", "OVERVIEW", "IBM")
    assert copy.at == (None if at is None else datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert copy.read() == same.read() == BODY


@given(bodies=st.lists(st.binary(max_size=50), max_size=5))
def test_any_bytes_survive(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    archive = RawArchive(FolderFiles(tmp_path_factory.mktemp("cache")))
    for minutes, body in enumerate(bodies):
        archive.keep(response(body, minutes))

    copies = sorted(archive.copies(), key=lambda each: each.at or NOW)

    assert [copy.read() for copy in copies] == bodies
