"""The bundled sample: what it holds, its damaged files, and its sources where they are at hand."""

import csv
import gzip
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree
from typing import TypeVar

import pytest
from scripts.build_sample import DATA, actions_behind, content_of, fact_files, price_files

from signal9_core.domain.adjustment import adjust
from signal9_core.domain.companies import Asset, DataSet
from signal9_core.domain.reports import Statement
from signal9_core.errors import PayloadError
from signal9_core.provider_port import Financials, History
from signal9_core.providers.sample.provider import SampleFiles, SampleProvider

S = TypeVar("S", bound=Statement)

END = date(2013, 3, 1)
COVERED = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
FACTS = Path(
    os.environ.get("SIGNAL9_SAMPLE_FACTS", Path(__file__).parents[4] / "shared" / "sample")
)


@pytest.fixture(scope="module")
def sample() -> SampleProvider:
    return SampleProvider()


@pytest.fixture(scope="module")
def listing(sample: SampleProvider) -> dict[str, Asset]:
    return {asset.ticker: asset for asset in sample.assets()}


def _history(sample: SampleProvider, ticker: str, since: date | None = None) -> History:
    history = sample.history(ticker, since)
    assert history is not None
    return history


def test_the_sample_says_what_it_is_and_where_it_ends(sample: SampleProvider) -> None:
    assert sample.name == "sample"
    assert all(word in sample.notice for word in (*COVERED, str(END)))
    assert sample.retrieved_at() == datetime(2013, 3, 1, 21, tzinfo=UTC)
    assert all(sample.complete(data_set, 5_000) for data_set in DataSet)


def test_an_unknown_company_has_nothing(sample: SampleProvider) -> None:
    assert (sample.overview("TSLA"), sample.history("TSLA")) == (None, None)
    assert sample.financials("TSLA") == Financials()
    assert (list(sample.news("TSLA")), list(sample.calendar())) == ([], [])


@pytest.mark.parametrize(
    ("ticker", "count", "first"),
    [
        ("AAPL", 3270, date(2000, 3, 1)),
        ("FB", 196, date(2012, 5, 18)),
        ("GOOG", 2148, date(2004, 8, 19)),
        ("IBM", 3270, date(2000, 3, 1)),
        ("MSFT", 3270, date(2000, 3, 1)),
    ],
)
def test_prices_are_as_traded_until_the_end(
    sample: SampleProvider, ticker: str, count: int, first: date
) -> None:
    history = _history(sample, ticker)
    bars, coverage, complete = history.bars, history.coverage, history.complete

    assert bars is not None
    assert (len(list(bars)), bars.day(0), bars.day(-1)) == (count, first, END)
    assert (bars.ticker, bars.currency) == (ticker, "USD")
    assert (coverage, complete) == (((first, END),), True)


@pytest.mark.parametrize(
    ("ticker", "actions", "factor"),
    [
        ("AAPL", 5, "0.24636624"),
        ("FB", 0, "1"),
        ("GOOG", 0, "1"),
        ("IBM", 52, "0.85071829"),
        ("MSFT", 38, "0.37687999"),
    ],
)
def test_splits_and_dividends_reproduce_the_adjusted_closes_of_the_source(
    sample: SampleProvider, ticker: str, actions: int, factor: str
) -> None:
    bars, known, *_ = _history(sample, ticker)

    assert bars is not None
    adjusted = adjust(bars, known)
    assert len(known) == actions
    # Of the first day, whose factor is the product of all.
    assert adjusted.price("close", 0) / bars.price("close", 0) == pytest.approx(
        Decimal(factor), rel=Decimal("1e-5")
    )


def test_a_history_since_a_day_has_what_is_new_and_says_so(sample: SampleProvider) -> None:
    history = _history(sample, "IBM", date(2013, 2, 3))
    later = _history(sample, "IBM", date(2013, 3, 2))

    assert history.bars is not None
    assert (history.bars.day(0), history.bars.day(-1)) == (date(2013, 2, 4), END)
    assert [(str(action.ex_date), action.amount) for action in history.actions] == [
        ("2013-02-06", Decimal("0.85"))
    ]
    assert (history.coverage, history.complete) == (((date(2013, 2, 3), END),), False)
    assert later.bars is not None
    assert (len(later.bars), later.coverage) == (0, ())


def test_the_listing_names_every_company_once_with_its_rank(
    sample: SampleProvider, listing: dict[str, Asset]
) -> None:
    ranks = [asset.rank for asset in listing.values() if asset.rank is not None]

    assert len(listing) == len(list(sample.assets()))
    assert ranks == list(range(1, 10_366))
    assert listing["BRK.B"].name == "BERKSHIRE HATHAWAY INC"
    assert "BRK-B" not in listing
    assert (listing["IBM"].exchange, listing["IBM"].cik) == ("NYSE", "51143")


def test_news_are_known_from_the_next_bar_on_and_carry_no_sentiment(
    sample: SampleProvider,
) -> None:
    in_winter, in_summer = list(sample.news("AAPL"))[:2]
    articles = {item.id: item for ticker in COVERED for item in sample.news(ticker)}.values()

    assert in_winter.published_at == datetime(2007, 1, 9, 21, tzinfo=UTC)
    assert in_summer.published_at == datetime(2007, 6, 29, 20, tzinfo=UTC)
    assert len(articles) == 89
    for article in articles:
        assert article.sentiment is None
        assert article.topics
        assert sum(mention.relevance for mention in article.tickers) == 1
        assert article.published_at <= sample.retrieved_at()
    assert {article.source for article in articles} == {
        "company filing",
        "market data",
        "press release",
        "press report",
    }


def test_news_are_found_since_an_instant_and_under_every_company(sample: SampleProvider) -> None:
    last = list(sample.news("FB"))[-1]

    assert last in list(sample.news("MSFT"))
    assert list(sample.news("FB", last.published_at)) == [last]
    assert [(mention.ticker, mention.relevance) for mention in last.tickers] == [
        ("FB", Decimal("0.5")),
        ("MSFT", Decimal("0.5")),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with as_file(files("signal9_core.providers.sample") / "data") as shipped:
        return copytree(shipped, tmp_path / "data")


READERS: dict[str, Callable[[SampleProvider], object]] = {
    "listing.json.gz": SampleProvider.assets,
    "news.json": lambda sample: sample.news("AAPL"),
    "overviews.json": lambda sample: sample.overview("AAPL"),
    "prices-AAPL.json.gz": lambda sample: sample.history("AAPL"),
    "reports.json": lambda sample: sample.financials("AAPL"),
    "manifest.json": lambda sample: sample.history("AAPL"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_truncated_or_missing_file_is_named_and_not_used(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PayloadError, match=f"^sample file {name} is damaged: [^\n]+$"):
        READERS[name](SampleProvider(SampleFiles(folder)))

    (folder / name).unlink()
    with pytest.raises(PayloadError, match=f"^sample file {name} cannot be read: [^\n]+$"):
        READERS[name](SampleProvider(SampleFiles(folder)))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"news.json": 1}', b'{"\xff": "0"}'])
def test_a_malformed_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)

    with pytest.raises(PayloadError, match=r"^sample file manifest\.json is damaged"):
        SampleProvider(SampleFiles(folder)).history("AAPL")


def test_another_byte_or_another_file_is_refused_and_spoils_nothing_else(folder: Path) -> None:
    path = folder / "reports.json"
    path.write_bytes(path.read_bytes().replace(b"42905000000", b"42905000001"))
    (folder / "more.json").write_text("[]", encoding="utf-8")
    sample = SampleProvider(SampleFiles(folder))

    with pytest.raises(PayloadError, match="reports"):
        sample.financials("AAPL")
    with pytest.raises(PayloadError, match="more"):
        SampleFiles(folder).read("more.json")
    assert sample.history("AAPL") is not None


def test_actions_follow_from_adjusted_closes_and_nothing_else_does() -> None:
    days = ["2024-01-02", "2024-01-03", "2024-01-04"]
    closes = [Decimal(200), Decimal(100), Decimal(99)]
    dividend = Decimal(99) / (Decimal(99) + Decimal("0.25"))

    found = actions_behind(days, closes, [100 * dividend, 100 * dividend, Decimal(99)])

    assert list(found) == [
        {"kind": "split", "exDate": "2024-01-03", "ratio": "2"},
        {"kind": "dividend", "exDate": "2024-01-04", "amount": "0.25"},
    ]
    with pytest.raises(SystemExit, match=r"2024-01-03: .* neither a split nor a dividend"):
        list(actions_behind(days, closes, [Decimal(90), Decimal(100), Decimal(99)]))


@pytest.mark.skipif(not (FACTS / "figures.csv").is_file(), reason=f"no figures.csv in {FACTS}")
def test_reports_news_and_overviews_are_those_of_the_sources() -> None:
    assert all(content == content_of(DATA / name) for name, content in fact_files(FACTS).items())


@pytest.mark.skipif(find_spec("bokeh_sampledata") is None, reason="no bokeh-sampledata")
def test_prices_are_those_of_the_source(sample: SampleProvider) -> None:
    for name, content in price_files().items():
        assert content == content_of(DATA / name), name
    spec = find_spec("bokeh_sampledata")
    assert spec is not None
    packed = Path(str(spec.origin)).parent / "_data" / "stocks.csv.gz"
    rows = list(csv.DictReader(gzip.decompress(packed.read_bytes()).decode().splitlines()))
    for ticker in COVERED:
        bars, actions, *_ = _history(sample, ticker)
        assert bars is not None
        adjusted = adjust(bars, actions)
        expected = [row for row in rows if row["Ticker"] == ticker]
        assert len(bars) == len(expected)
        newest = Decimal(expected[-1]["Adj Close"]) / bars.price("close", -1)
        for at in range(0, len(bars), 97):
            bar, row = bars.bar(at), expected[at]
            assert str(bar.day) == row["Date"]
            assert [bar.open, bar.high, bar.low, bar.close, bar.volume] == [
                Decimal(row[name]) for name in ("Open", "High", "Low", "Close", "Volume")
            ]
            # The source's also take account of what happened after the sample.
            ratio = adjusted.price("close", at) * newest / Decimal(row["Adj Close"])
            assert abs(ratio - 1) < Decimal("1e-5")
