from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import NewsArticle, TickerSentiment
from signal9_core.ports import Cursor, Item
from signal9_core.repositories import NewsChange, NewsRepository
from signal9_core.repositories.news import ArticlePage
from signal9_core.tables import NEWS, TableSpec
from tests.core.conftest import opened
from tests.core.strategies import articles
from tests.fakes import article
from tests.spied import SpiedStore

Read = Callable[[Cursor | None], ArticlePage]


def about(made: NewsArticle, *tickers: str) -> NewsArticle:
    """The same article about other companies."""
    named = (TickerSentiment(ticker=each, relevance=Decimal(1)) for each in tickers)
    return made.model_copy(update={"tickers": tuple(named)})


def pages(read: Read) -> list[list[NewsArticle]]:
    found, cursor = [], None
    while True:
        page = read(cursor)
        found.append(page.items)
        cursor = page.cursor
        if cursor is None:
            return found


def titles(page: ArticlePage) -> list[str]:
    return [each.title for each in page.items]


@settings(deadline=None, max_examples=50)
@given(made=articles())
def test_any_article_comes_back_as_it_was_under_every_company_and_once_in_all(
    made: NewsArticle,
) -> None:
    with opened() as store:
        repository = NewsRepository(store)

        assert repository.sync([made]) == [made]
        written = store.writes
        assert repository.sync([made]) == []

        assert store.writes == written
        assert repository.recent(limit=10).items == [made]
        for each in made.tickers:
            assert repository.of_company(each.ticker, limit=10).items == [made]
            assert repository.count(each.ticker) == 1


def test_unknown_fields_of_providers_survive(spied: SpiedStore) -> None:
    repository = NewsRepository(spied)
    made = NewsArticle.model_validate(
        {
            **article("Apple gains", "2024-01-05T10:00", "AAPL").model_dump(),
            "authors": ["A. Writer"],
            "banner": None,
        }
    )

    repository.sync([made])

    (found,) = repository.of_company("AAPL", limit=1).items
    assert found.model_extra == {"authors": ["A. Writer"], "banner": None}
    assert repository.sync([made]) == []


@st.composite
def piles(draw: st.DrawFn) -> list[NewsArticle]:
    """Articles of several months and years, many at the same second, some about no company."""
    hours = draw(st.lists(st.integers(0, 3 * 365 * 24), max_size=15))
    start = datetime(2022, 11, 30, 23, 59, 59, tzinfo=UTC)
    return [
        about(
            article(
                f"Article {number}",
                (start + timedelta(hours=hour)).replace(tzinfo=None).isoformat(),
                topics=draw(st.sampled_from(((), ("ipo",), ("ipo", "technology")))),
            ),
            *draw(st.lists(st.sampled_from(("AAPL", "BRK.B", "MSFT")), unique=True)),
        )
        for number, hour in enumerate(hours)
    ]


def newest_first(found: Sequence[NewsArticle]) -> list[NewsArticle]:
    return sorted(found, key=lambda each: (each.published_at, each.id), reverse=True)


@settings(deadline=None, max_examples=50)
@given(
    pile=piles(),
    limit=st.integers(1, 4),
    topic=st.sampled_from((None, "ipo", "technology", "none")),
    company=st.sampled_from((None, "BRK.B")),
    first=st.none() | st.datetimes(datetime(2022, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001
    last=st.none() | st.datetimes(datetime(2022, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001
)
def test_pages_hold_every_matching_article_once_newest_first(
    pile: list[NewsArticle],
    limit: int,
    topic: str | None,
    company: str | None,
    first: datetime | None,
    last: datetime | None,
) -> None:
    start = None if first is None else first.replace(tzinfo=UTC, microsecond=0)
    stop = None if last is None else last.replace(tzinfo=UTC)

    def accept(each: NewsArticle) -> bool:
        return topic is None or topic in each.topics

    def wanted(each: NewsArticle) -> bool:
        named = company is None or company in {one.ticker for one in each.tickers}
        late_enough = start is None or start <= each.published_at
        return named and late_enough and (stop is None or each.published_at <= stop)

    with opened() as store:
        repository = NewsRepository(store)
        repository.sync(pile)

        def read(cursor: Cursor | None) -> ArticlePage:
            if company is None:
                return repository.recent(start, stop, limit=limit, cursor=cursor, accept=accept)
            return repository.of_company(
                company, start, stop, limit=limit, cursor=cursor, accept=accept
            )

        found = pages(read)

    flat = [each for page in found for each in page]
    assert flat == newest_first([each for each in pile if wanted(each) and accept(each)])
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1] or len(found) == 1  # a cursor promises that something follows


def test_more_articles_than_one_read_of_the_store_are_all_found(spied: SpiedStore) -> None:
    repository = NewsRepository(spied)
    pile = [article(f"Article {number}", "2024-01-05T10:00", "AAPL") for number in range(230)]
    repository.sync(pile)
    moment = datetime(2024, 1, 5, 10, tzinfo=UTC)

    found = list(repository.between("AAPL", moment, moment))

    assert found == newest_first(pile)
    assert len(repository.of_company("AAPL", limit=1000).items) == 230


def test_an_article_about_no_company_is_listed_among_all(spied: SpiedStore) -> None:
    repository = NewsRepository(spied)
    told: list[NewsChange] = []

    repository.sync([article("Rates rise", "2024-01-05T10:00")], told.extend)

    assert titles(repository.recent(limit=10)) == ["Rates rise"]
    assert told == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ()),
        ((), ("AAPL",)),
        ((), ("MSFT", "ZZZ")),
        (("AAPL",), ("AAPL", "BRK.B")),
        (("AAPL", "BRK.B", "MSFT"), ("AAPL",)),
        (("AAPL", "BRK.B", "MSFT"), ("BRK.B",)),
        (("AAPL", "BRK.B", "MSFT"), ("MSFT", "ZZZ")),
        (("BRK.B", "MSFT"), ("AAPL", "BRK.B")),
    ],
)
def test_an_article_leaves_the_companies_that_it_no_longer_mentions(
    before: tuple[str, ...], after: tuple[str, ...], spied: SpiedStore
) -> None:
    made = article("Apple gains", "2024-01-05T10:00")
    repository = NewsRepository(spied)
    repository.sync([about(made, *before)])

    repository.sync([about(made, *after)])

    assert len(repository.recent(limit=10).items) == 1
    listed = {
        ticker
        for ticker in ("AAPL", "BRK.B", "MSFT", "ZZZ")
        if repository.of_company(ticker, limit=10).items
    }
    assert listed == set(after)


def test_every_company_that_an_article_joins_or_leaves_is_told_of_before(
    spied: SpiedStore,
) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL", "BRK.B")
    later = article("Apple again", "2024-01-06T10:00", "AAPL")
    repository = NewsRepository(spied)
    repository.sync([made])
    told: list[NewsChange] = []
    written = spied.writes

    def tell(changes: list[NewsChange]) -> None:
        assert spied.writes == written
        told.extend(changes)

    repository.sync([about(made, "AAPL", "MSFT"), later], tell)

    at, then = made.published_at, later.published_at
    assert told == [
        NewsChange("AAPL", at, then, 2),
        NewsChange("BRK.B", at, at, 1),
        NewsChange("MSFT", at, at, 1),
    ]


def test_of_two_versions_of_an_article_the_last_counts(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL")
    corrected = made.model_copy(update={"summary": "Corrected."})
    repository = NewsRepository(spied)

    assert repository.sync([made, corrected]) == [corrected]
    assert repository.sync([made, corrected]) == []
    assert repository.of_company("AAPL", limit=10).items == [corrected]


def test_a_tone_worked_out_here_outlives_a_repeated_ingest(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL", "BRK.B")
    repository = NewsRepository(spied)
    repository.sync([made])
    repository.put_score(made.scored(Decimal("0.5"), "lexicon"))

    assert repository.sync([made]) == []
    changed = repository.sync([made.model_copy(update={"topics": ("ipo",)})])

    assert len(changed) == 1
    for ticker in ("AAPL", "BRK.B"):
        (found,) = repository.of_company(ticker, limit=10).items
        assert (found.sentiment, found.scored_by, found.topics) == (
            Decimal("0.5"), "lexicon", ("ipo",),
        )  # fmt: skip


def test_a_company_that_an_article_joins_later_gets_its_tone_too(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL")
    repository = NewsRepository(spied)
    repository.sync([made])
    repository.put_score(made.scored(Decimal("0.5"), "lexicon"))

    repository.sync([about(made, "AAPL", "MSFT")])

    (found,) = repository.of_company("MSFT", limit=10).items
    assert [each.sentiment for each in found.tickers] == [Decimal("0.5")] * 2


def test_a_tone_worked_out_for_another_text_is_dropped(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL")
    repository = NewsRepository(spied)
    repository.sync([made])
    repository.put_score(made.scored(Decimal("0.5"), "lexicon"))

    repository.sync([made.model_copy(update={"summary": "It did not."})])

    (found,) = repository.of_company("AAPL", limit=10).items
    assert (found.sentiment, found.scored_by) == (None, None)


def test_the_sources_own_tone_replaces_the_one_worked_out_here(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL")
    repository = NewsRepository(spied)
    repository.sync([made])
    repository.put_score(made.scored(Decimal("0.5"), "lexicon"))

    judged = made.model_copy(update={"sentiment": Decimal("-0.1")})
    repository.sync([judged])
    repository.put_score(made.scored(Decimal("0.5"), "lexicon"))

    assert repository.of_company("AAPL", limit=10).items == [judged]


def test_a_late_tone_does_not_undo_what_was_written_meanwhile(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL")
    mine, yours = NewsRepository(spied), NewsRepository(spied.store)
    mine.sync([made])

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.sync([made.model_copy(update={"topics": ("ipo",)})])

    spied.meanwhile = meanwhile
    mine.put_score(made.scored(Decimal("0.5"), "lexicon"))

    (found,) = mine.of_company("AAPL", limit=10).items
    assert (found.topics, found.sentiment) == (("ipo",), Decimal("0.5"))


def test_a_tone_for_an_article_that_is_gone_brings_nothing_back(spied: SpiedStore) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL", "MSFT")
    repository = NewsRepository(spied)
    repository.sync([made])
    repository.sync([about(made, "AAPL")])

    repository.put_score(made.scored(Decimal("0.5"), "lexicon"))

    assert not repository.of_company("MSFT", limit=10).items
    assert spied.get(NEWS, {"ticker": "MSFT", "timestamp": "x"}) is None


def test_an_article_that_somebody_else_adds_meanwhile_is_brought_up_to_date(
    spied: SpiedStore,
) -> None:
    made = article("Apple gains", "2024-01-05T10:00", "AAPL")
    mine, yours = NewsRepository(spied), NewsRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.sync([made])

    spied.meanwhile = meanwhile
    mine.sync([made.model_copy(update={"topics": ("ipo",)})])

    assert [each.topics for each in mine.recent(limit=10).items] == [("ipo",)]


def test_the_first_second_and_the_last_of_a_month_belong_to_it(spied: SpiedStore) -> None:
    repository = NewsRepository(spied)
    repository.sync(
        [
            article("Old year", "2023-12-31T23:59:59", "AAPL"),
            article("New year", "2024-01-01T00:00:00", "AAPL"),
            article("End of January", "2024-01-31T23:59:59", "MSFT"),
            article("February", "2024-02-01T00:00:00", "MSFT"),
        ]
    )

    january = repository.recent(
        datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC), limit=10
    )

    assert titles(january) == ["End of January", "New year"]
    assert january.cursor is None


def test_years_without_news_in_between_are_no_end(spied: SpiedStore) -> None:
    repository = NewsRepository(spied)
    repository.sync([article("Late", "2024-01-01T00:00", "AAPL")])
    repository.sync([article("Early", "1999-12-31T00:00", "AAPL")])

    found = pages(lambda cursor: repository.recent(limit=1, cursor=cursor))

    assert [each.title for page in found for each in page] == ["Late", "Early"]


def test_a_span_from_the_first_year_on_misses_nothing(spied: SpiedStore) -> None:
    repository = NewsRepository(spied)
    repository.sync([article("Late", "2024-01-01T00:00", "AAPL")])
    start = datetime(987, 1, 1, tzinfo=UTC)

    assert titles(repository.recent(start, limit=10)) == ["Late"]
    assert titles(repository.of_company("AAPL", start, limit=10)) == ["Late"]
    assert titles(repository.recent(None, start, limit=10)) == []
