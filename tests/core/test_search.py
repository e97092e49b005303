"""A search finds the company that is meant, however it is typed."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.companies import ListedAsset
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.search import Match, SearchIndex, core, words

from .mistyped import MISTYPED

COMPANIES = [
    ListedAsset("ACME", "Acme Rockets, Inc.", "NYSE", 40),
    ListedAsset("ACM", "Aecom Builders Ltd", "NYSE", 30),
    ListedAsset("RKT.A", "Acme Rockets, Inc.", None, 900),
    ListedAsset("ROCK", "Gibraltar Rock PLC", "Nasdaq", 12),
    ListedAsset("ZERO", None, None, None),
    ListedAsset("SMALL", "Rocket Candles Corp /DE/", None, None),
]

entries = st.builds(
    ListedAsset,
    st.from_regex(r"[A-Z]{1,5}(\.[A-Z])?", fullmatch=True),
    st.none() | st.text(max_size=30),
    st.none(),
    st.none() | st.integers(1, 20_000),
    st.none(),
    st.lists(st.sampled_from(["FB", "OLD"]), max_size=2).map(tuple),
)


def _tickers(companies: Iterable[ListedAsset | Match]) -> list[str]:
    return [company.ticker for company in companies]


@pytest.fixture(scope="module")
def listing() -> list[ListedAsset]:
    return [
        ListedAsset(asset.ticker, asset.name, asset.exchange, asset.rank)
        for asset in SampleProvider().assets()
    ]


@pytest.fixture(scope="module")
def index(listing: list[ListedAsset]) -> SearchIndex:
    return SearchIndex(listing)


@pytest.fixture(scope="module")
def small() -> SearchIndex:
    return SearchIndex(COMPANIES)


def test_a_match_carries_the_company_and_a_score(small: SearchIndex) -> None:
    assert small.search("acme", 1) == [Match("ACME", "Acme Rockets, Inc.", "NYSE", Decimal(100))]


def test_a_company_is_found_by_a_ticker_that_it_had_before() -> None:
    meta = ListedAsset("META", "Meta Platforms, Inc.", "NASDAQ", 7, former_tickers=("FB",))
    fund = ListedAsset("FB", "Somebody's Fund", "NYSE", None)

    assert SearchIndex([*COMPANIES, meta]).search("fb")[0].ticker == "META"
    assert _tickers(SearchIndex([*COMPANIES, meta, fund]).search("FB"))[:2] == ["FB", "META"]


def test_equal_names_are_ordered_by_size(small: SearchIndex) -> None:
    assert _tickers(small.search("acme rockets", 2)) == ["ACME", "RKT.A"]


def test_exact_beginning_and_mistyped_follow_one_another() -> None:
    alike = [
        ListedAsset("W", "Rackets"),
        ListedAsset("X", "Rockets Works"),
        ListedAsset("Y", "Old Rockets"),
        ListedAsset("Z", "Rockets"),
    ]

    assert _tickers(SearchIndex(alike).search("rockets")) == ["Z", "X", "Y", "W"]


def test_companies_without_name_or_rank_are_found_by_ticker(small: SearchIndex) -> None:
    assert _tickers(small.search("zero")) == ["ZERO"]
    assert len(small.search("rock", 2)) == 2


@pytest.mark.parametrize(
    "query", ["", "   ", "?!", "&", "$", "...", "/", "-", "\N{COMBINING ACUTE ACCENT}"]
)
def test_a_query_without_letters_or_digits_finds_nothing(small: SearchIndex, query: str) -> None:
    assert small.search(query) == []


def test_a_query_like_nothing_finds_nothing(small: SearchIndex) -> None:
    assert small.search("qqqqqqqqqqqq") == []
    assert small.nearest("QQQQQQ") == []


def test_an_empty_listing_finds_nothing() -> None:
    assert SearchIndex([]).search("apple") == []


def test_only_the_beginning_of_a_long_query_counts(small: SearchIndex) -> None:
    assert small.search("acme rockets " * 5_000) == small.search("acme rockets " * 50)


@settings(max_examples=60)
@given(query=st.text(max_size=120) | st.text("acmerockts .&-'/$\u0301\u00e9", max_size=40))
def test_any_text_may_be_asked(query: str) -> None:
    matches = SearchIndex(COMPANIES).search(query, 4)

    scores = [match.score for match in matches]
    assert len(matches) <= 4
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


@settings(max_examples=40)
@given(listing=st.lists(entries, max_size=12, unique_by=lambda entry: entry.ticker), data=st.data())
def test_the_order_of_the_listing_does_not_matter(
    listing: list[ListedAsset], data: st.DataObject
) -> None:
    query = data.draw(st.text(max_size=10) | st.sampled_from(["a", *(e.ticker for e in listing)]))

    shuffled = data.draw(st.permutations(listing))

    assert SearchIndex(shuffled).search(query) == SearchIndex(listing).search(query)


@settings(max_examples=40)
@given(listing=st.lists(entries, min_size=1, max_size=12, unique_by=lambda entry: entry.ticker))
def test_a_company_is_always_found_by_its_ticker(listing: list[ListedAsset]) -> None:
    index = SearchIndex(listing)

    firsts = [index.search(entry.ticker, 1)[0] for entry in listing]

    assert _tickers(firsts) == _tickers(listing)


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


def test_every_ticker_finds_its_company_first(
    index: SearchIndex, listing: list[ListedAsset]
) -> None:
    tickers = [entry.ticker for entry in listing[::5]]

    firsts = [index.search(ticker, 1)[0] for ticker in tickers]

    assert [match.ticker for match in firsts] == tickers
    assert {match.score for match in firsts} == {100}


def test_small_letters_find_tickers_too(index: SearchIndex, listing: list[ListedAsset]) -> None:
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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Apple Inc.", "apple"),
        ("MICROSOFT CORP", "microsoft"),
        ("BERKSHIRE HATHAWAY INC", "berkshire hathaway"),
        ("Alibaba Group Holding Ltd", "alibaba"),
        ("JOHNSON & JOHNSON", "johnson johnson"),
        ("ELI LILLY & Co", "eli lilly"),
        ("AT&T INC.", "at t"),
        ("S&P Global Inc.", "sp global"),
        ("HUNT J B TRANSPORT SERVICES INC", "hunt jb transport services"),
        ("British American Tobacco p.l.c.", "british american tobacco"),
        ("Dick's Sporting Goods, Inc.", "dicks sporting goods"),
        ("America M\u00f3vil", "america movil"),
        ("AMERICA MOVIL SAB DE CV/", "america movil"),
        ("BANK OF AMERICA CORP /DE/", "bank of america"),
        ("COSTCO WHOLESALE CORP /NEW", "costco wholesale"),
        ("VERTEX PHARMACEUTICALS INC / MA", "vertex pharmaceuticals"),
        ("Geely Automobile Holdings Limited/ADR", "geely automobile"),
        ("The Group Inc.", "group"),
        ("The", "the"),
        ("...", ""),
    ],
)
def test_names_lose_case_accents_punctuation_and_endings(name: str, expected: str) -> None:
    assert " ".join(core(words(name))) == expected


@given(st.text(max_size=60))
def test_words_hold_no_space_and_something_always_stays_of_them(text: str) -> None:
    found = words(text)

    assert all(word and not any(sign.isspace() for sign in word) for word in found)
    assert bool(core(found)) == bool(found)
