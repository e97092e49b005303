"""The bundled files against their sources, where those are at hand."""

import csv
import gzip
import os
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest
from scripts.build_sample import DATA, content_of, fact_files, listing_files, write

from signal9_core.providers.sample.provider import SampleProvider

FACTS = Path(
    os.environ.get("SIGNAL9_SAMPLE_FACTS", Path(__file__).parents[4] / "shared" / "sample")
)
needs_facts = pytest.mark.skipif(
    not (FACTS / "figures.csv").is_file(),
    reason=f"no figures.csv in {FACTS}: set SIGNAL9_SAMPLE_FACTS",
)
needs_prices = pytest.mark.skipif(
    find_spec("bokeh_sampledata") is None, reason="bokeh-sampledata is not installed"
)
needs_listing = pytest.mark.skipif(
    find_spec("edgar") is None or find_spec("pyarrow") is None,
    reason="edgartools or pyarrow is not installed",
)


@needs_facts
def test_reports_news_and_overviews_are_those_of_the_sources() -> None:
    for name, content in fact_files(FACTS).items():
        assert content == content_of(DATA / name), name


@needs_prices
def test_prices_are_those_of_the_source() -> None:
    spec = find_spec("bokeh_sampledata")
    assert spec is not None
    assert spec.origin is not None
    packed = Path(spec.origin).parent / "_data" / "stocks.csv.gz"
    rows = list(csv.DictReader(gzip.decompress(packed.read_bytes()).decode().splitlines()))
    sample = SampleProvider()
    bars = {
        (bar.ticker, bar.day): bar
        for ticker in sample.covered()
        for bar in sample.prices(ticker) or ()
    }

    assert len(bars) == len(rows)
    for row in rows[::97]:
        bar = bars[row["Ticker"], date.fromisoformat(row["Date"])]
        assert [bar.open, bar.high, bar.low, bar.close, bar.adjusted_close, bar.volume] == [
            Decimal(row[name]) for name in ("Open", "High", "Low", "Close", "Adj Close", "Volume")
        ]


@needs_listing
def test_the_listing_is_that_of_the_source() -> None:
    for name, content in listing_files().items():
        assert content == content_of(DATA / name), name


def test_only_what_changed_is_written_and_every_file_gets_a_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.build_sample.DATA", tmp_path)
    write({"one.json": b"[]\n", "two.json.gz": b"[1]\n"})
    before = (tmp_path / "one.json").stat().st_mtime_ns

    write({"one.json": b"[]\n", "two.json.gz": b"[2]\n"})

    assert (tmp_path / "one.json").stat().st_mtime_ns == before
    assert content_of(tmp_path / "two.json.gz") == b"[2]\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "manifest.json",
        "one.json",
        "two.json.gz",
    ]
