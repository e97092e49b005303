"""What the search promises over any listing."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.search import Entry, Match, SearchIndex

COMPANIES = [
    Entry("ACME", "Acme Rockets, Inc.", "NYSE", 40),
    Entry("ACM", "Aecom Builders Ltd", "NYSE", 30),
    Entry("RKT.A", "Acme Rockets, Inc.", None, 900),
    Entry("ROCK", "Gibraltar Rock PLC", "Nasdaq", 12),
    Entry("ZERO", None, None, None),
    Entry("SMALL", "Rocket Candles Corp /DE/", None, None),
]

entries = st.builds(
    Entry,
    st.from_regex(r"[A-Z]{1,5}(\.[A-Z])?", fullmatch=True),
    st.none() | st.text(max_size=30),
    st.none(),
    st.none() | st.integers(1, 20_000),
)


def _tickers(found: Iterable[Entry | Match]) -> list[str]:
    return [each.ticker for each in found]


@pytest.fixture(scope="module")
def small() -> SearchIndex:
    return SearchIndex(COMPANIES)


def test_a_match_carries_the_company_and_a_score(small: SearchIndex) -> None:
    assert small.search("acme", 1) == [Match("ACME", "Acme Rockets, Inc.", "NYSE", Decimal(100))]


def test_equal_names_are_ordered_by_size(small: SearchIndex) -> None:
    assert _tickers(small.search("acme rockets", 2)) == ["ACME", "RKT.A"]


def test_exact_beginning_and_mistyped_follow_one_another() -> None:
    alike = [
        Entry("W", "Rackets"),
        Entry("X", "Rockets Works"),
        Entry("Y", "Old Rockets"),
        Entry("Z", "Rockets"),
    ]

    assert _tickers(SearchIndex(alike).search("rockets")) == ["Z", "X", "Y", "W"]


def test_companies_without_name_or_rank_are_found_by_ticker(small: SearchIndex) -> None:
    assert _tickers(small.search("zero")) == ["ZERO"]


def test_no_more_matches_come_back_than_asked_for(small: SearchIndex) -> None:
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


@settings(deadline=None, max_examples=60)
@given(query=st.text(max_size=120) | st.text("acmerockts .&-'/$\u0301\u00e9", max_size=40))
def test_any_text_may_be_asked(query: str) -> None:
    matches = SearchIndex(COMPANIES).search(query, 4)

    scores = [match.score for match in matches]
    assert len(matches) <= 4
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


@settings(deadline=None, max_examples=40)
@given(listing=st.lists(entries, max_size=12, unique_by=lambda entry: entry.ticker), data=st.data())
def test_the_order_of_the_listing_does_not_matter(
    listing: list[Entry], data: st.DataObject
) -> None:
    query = data.draw(st.text(max_size=10) | st.sampled_from(["a", *(e.ticker for e in listing)]))

    shuffled = data.draw(st.permutations(listing))

    assert SearchIndex(shuffled).search(query) == SearchIndex(listing).search(query)


@settings(deadline=None, max_examples=40)
@given(listing=st.lists(entries, min_size=1, max_size=12, unique_by=lambda entry: entry.ticker))
def test_a_company_is_always_found_by_its_ticker(listing: list[Entry]) -> None:
    index = SearchIndex(listing)

    firsts = [index.search(entry.ticker, 1)[0] for entry in listing]

    assert _tickers(firsts) == _tickers(listing)
