"""What the search promises over the whole listing."""

import pytest

from signal9_core.search import Entry, SearchIndex

from .queries import MISTYPED


def test_mistyped_queries_find_what_they_mean(index: SearchIndex) -> None:
    found = {
        mistyped: [match.ticker for match in index.search(mistyped.query)] for mistyped in MISTYPED
    }

    missed = [m for m, tickers in found.items() if m.ticker not in tickers[: m.within]]
    first = sum(tickers[:1] == [mistyped.ticker] for mistyped, tickers in found.items())
    report = [f"{m.query!r} found {found[m][:3]}, not {m.ticker}" for m in missed]
    assert len(MISTYPED) >= 50
    assert len(missed) / len(MISTYPED) <= 0.02, report
    assert first / len(MISTYPED) >= 0.96, report


def test_every_ticker_finds_its_company_first(index: SearchIndex, listing: list[Entry]) -> None:
    tickers = [entry.ticker for entry in listing[::5]]

    firsts = [index.search(ticker, 1)[0] for ticker in tickers]

    assert [match.ticker for match in firsts] == tickers
    assert {match.score for match in firsts} == {100}


def test_small_letters_find_tickers_too(index: SearchIndex, listing: list[Entry]) -> None:
    tickers = [entry.ticker for entry in listing[::9] if len(entry.ticker) != 4]

    assert [index.search(ticker.lower(), 1)[0].ticker for ticker in tickers] == tickers


@pytest.mark.parametrize("query", ["BRK.B", "BRK-B", "brk.b", "brk b", "brk/b", "BRKB", " $brk_b "])
def test_a_share_class_may_be_written_in_any_way(index: SearchIndex, query: str) -> None:
    assert index.search(query)[0].ticker == "BRK.B"
    assert index.search(query)[0].score == 100


def test_a_letter_left_out_of_a_giants_name_counts_more_than_a_small_companys_ticker(
    index: SearchIndex,
) -> None:
    assert [match.ticker for match in index.search("aple", 2)] == ["AAPL", "APLE"]
    assert [match.ticker for match in index.search("APLE", 1)] == ["APLE"]


@pytest.mark.parametrize(
    ("query", "ticker"),
    [
        ("Apple Inc.", "AAPL"),
        ("MICROSOFT", "MSFT"),
        ("johnson & johnson", "JNJ"),
        ("at&t", "T"),
        ("the walt disney company", "DIS"),
        ("business machines international", "IBM"),
        ("berk", "BRK.B"),
    ],
)
def test_names_are_found_whole_begun_and_in_any_order(
    index: SearchIndex, query: str, ticker: str
) -> None:
    assert index.search(query)[0].ticker == ticker


@pytest.mark.parametrize(
    ("wrong", "meant"), [("MSTF", "MSFT"), ("APPLE", "AAPL"), ("BRK.C", "BRK.B"), ("AMZM", "AMZN")]
)
def test_a_wrong_ticker_suggests_the_right_one(index: SearchIndex, wrong: str, meant: str) -> None:
    assert index.nearest(wrong)[0] == meant
    assert len(index.nearest(wrong)) <= 3


def test_a_listed_ticker_is_not_suggested_for_itself(index: SearchIndex) -> None:
    assert "MSFT" not in index.nearest("msft")
