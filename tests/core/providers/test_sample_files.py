from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree

import pytest

from signal9_core.errors import PayloadError
from signal9_core.providers.sample.files import SampleFiles
from signal9_core.providers.sample.provider import SampleProvider


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with as_file(files("signal9_core.providers.sample") / "data") as shipped:
        return copytree(shipped, tmp_path / "data")


READERS: dict[str, Callable[[SampleProvider], object]] = {
    "listing.json.gz": SampleProvider.assets,
    "news.json": lambda sample: sample.news("AAPL"),
    "overviews.json": lambda sample: sample.overview("AAPL"),
    "prices-AAPL.json.gz": lambda sample: sample.prices("AAPL"),
    "reports.json": lambda sample: sample.financials("AAPL"),
    "manifest.json": lambda sample: sample.prices("AAPL"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_truncated_file_is_named_and_nothing_of_it_is_given(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(PayloadError, match=f"^sample file {name} is damaged: [^\n]+$"):
        READERS[name](SampleProvider(SampleFiles(folder)))


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(PayloadError, match=f"^sample file {name} cannot be read: [^\n]+$"):
        READERS[name](SampleProvider(SampleFiles(folder)))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"news.json": 1}', b'{"\xff": "0"}'])
def test_a_list_of_digests_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)

    with pytest.raises(PayloadError, match=r"^sample file manifest\.json is damaged"):
        SampleProvider(SampleFiles(folder)).prices("AAPL")


def test_a_file_with_one_other_byte_is_refused(folder: Path) -> None:
    path = folder / "reports.json"
    path.write_bytes(path.read_bytes().replace(b"42905000000", b"42905000001"))

    with pytest.raises(PayloadError, match="reports"):
        SampleProvider(SampleFiles(folder)).financials("AAPL")


def test_a_file_that_was_not_shipped_is_refused(folder: Path) -> None:
    (folder / "more.json").write_text("[]", encoding="utf-8")

    with pytest.raises(PayloadError, match="more"):
        SampleFiles(folder).read("more.json")


def test_a_damaged_file_spoils_only_its_own_data_set(folder: Path) -> None:
    (folder / "listing.json.gz").write_bytes(b"")
    sample = SampleProvider(SampleFiles(folder))

    assert sample.prices("AAPL") is not None
    assert sample.overview("AAPL") is not None
