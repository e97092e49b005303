"""The cache keeps every body as it came, once, in a folder and in a bucket alike."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from signal9_core.errors import StoreError
from signal9_core.ports import RawResponse
from signal9_core.raw_archive import Archive, BucketFiles, Files, FolderFiles, copies_in, s3_client
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
        yield BucketFiles(s3_client(), "cache")


def response(body: bytes = BODY, minutes: int = 0, ticker: str | None = "IBM") -> RawResponse:
    return RawResponse(
        provider="alphavantage",
        function="OVERVIEW",
        ticker=ticker,
        request={"function": "OVERVIEW", "symbol": "IBM"},
        body=body,
        received_at=NOW + timedelta(minutes=minutes),
    )


def test_what_is_kept_comes_back_as_it_came(files: Files) -> None:
    archive = Archive(files)
    archive.keep(response())

    (copy,) = archive.copies()

    assert (copy.provider, copy.function, copy.symbol) == ("alphavantage", "OVERVIEW", "IBM")
    assert (copy.at, copy.read()) == (NOW, BODY)
    assert copy.file.startswith("alphavantage/OVERVIEW/IBM/2024-01-08/120000")


def test_identical_bodies_are_kept_once_and_every_time_is_noted(files: Files) -> None:
    archive = Archive(files)
    archive.keep(response())
    archive.keep(response(b"{}", minutes=1))
    archive.keep(response(minutes=2))

    bodies = [name for name in files.names() if name.endswith(".gz")]
    copies = sorted(archive.copies(), key=lambda each: each.at or NOW)

    assert len(bodies) == 2
    assert [copy.read() for copy in copies] == [BODY, b"{}", BODY]


def test_what_is_of_nobody_and_odd_tickers_have_a_place_too(files: Files) -> None:
    archive = Archive(files)
    archive.keep(response(ticker=None))
    archive.keep(response(ticker="CRYPTO:BTC"))

    assert {copy.symbol for copy in archive.copies()} == {None, "CRYPTO:BTC"}
    assert not any(":" in name for name in files.names())


def test_a_body_that_was_tampered_with_is_refused(files: Files) -> None:
    archive = Archive(files)
    archive.keep(response())
    (body,) = (name for name in files.names() if name.endswith(".gz"))
    (copy,) = archive.copies()

    files.write(body, gzip.compress(b"{}"))
    with pytest.raises(StoreError, match="damaged"):
        copy.read()
    files.write(body, b"no gzip")
    with pytest.raises(StoreError, match="cannot be unpacked"):
        copy.read()


def test_a_record_that_is_none_is_named(files: Files) -> None:
    files.write("alphavantage/OVERVIEW/IBM/2024-01-08/120000.json", b"[]")

    with pytest.raises(StoreError, match="it is no record"):
        list(Archive(files).copies())


def test_trouble_with_files_is_a_store_error(files: Files) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        files.read("nowhere")
    assert not files.has("nowhere")


def test_trouble_with_a_bucket_is_a_store_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        files = BucketFiles(s3_client(), "nowhere")
        with pytest.raises(StoreError, match="nowhere"):
            list(files.names())


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()

    with pytest.raises(StoreError, match="name"):
        FolderFiles(tmp_path).write("name", b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such folder"):
        copies_in(tmp_path / "nowhere")


@given(bodies=st.lists(st.binary(max_size=50), max_size=5))
def test_any_bytes_survive(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    archive = Archive(FolderFiles(tmp_path_factory.mktemp("cache")))
    for minutes, body in enumerate(bodies):
        archive.keep(response(body, minutes))

    copies = sorted(archive.copies(), key=lambda each: each.at or NOW)

    assert [copy.read() for copy in copies] == bodies
