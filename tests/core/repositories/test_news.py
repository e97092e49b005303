"""Articles are stored under every company that they mention, and listed once among all."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.news import NewsArticle, TickerSentiment
from signal9_core.ports import Cursor, Item
from signal9_core.provider_port import Vintage
from signal9_core.repositories.news import ArticlePage, NewsRepository
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.storing import store_articles
from tests.core.strategies import articles
from tests.fakes import NOW, article
from tests.spied import SpiedStore

GAINS = article("Apple gains", "2024-01-05T10:00", "AAPL")
SCORE = Decimal("0.5")


def about(made: NewsArticle, *tickers: str) -> NewsArticle:
    """The same article about other companies."""
    mentions = (TickerSentiment(ticker=ticker, relevance=Decimal(1)) for ticker in tickers)
    return made.model_copy(update={"tickers": tuple(mentions)})


def pages(read: Callable[[Cursor | None], ArticlePage]) -> list[list[NewsArticle]]:
    found, cursor = [], None
    while True:
        page = read(cursor)
        found.append(page.items)
        cursor = page.cursor
        if cursor is None:
            return found


def titles(page: ArticlePage) -> list[str]:
    return [found.title for found in page.items]


@pytest.fixture
def news(spied: SpiedStore) -> NewsRepository:
    return NewsRepository(spied)


@settings(deadline=None, max_examples=50)
@given(made=articles(), more=st.dictionaries(st.sampled_from(("authors", "banner")), st.none()))
def test_any_article_comes_back_under_every_company_and_topic_and_once_in_all(
    made: NewsArticle, more: dict[str, None]
) -> None:
    made = NewsArticle.model_validate(made.model_dump() | more)
    with opened() as store:
        news = NewsRepository(store)

        assert store_articles(news, [made]) == [made]
        written = store.writes
        assert store_articles(news, [made]) == []

        assert store.writes == written
        assert news.recent(limit=10).items == [made]
        for mention in made.tickers:
            assert news.of_company(mention.ticker, limit=10).items == [made]
            assert news.count(mention.ticker) == 1
        for topic in made.topics:
            assert news.on_topic(topic, limit=10).items == [made]


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


years = st.none() | st.datetimes(
    datetime(2022, 1, 1),  # noqa: DTZ001
    datetime(2026, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@settings(deadline=None, max_examples=50)
@given(
    pile=piles(),
    limit=st.integers(1, 4),
    topic=st.sampled_from((None, "ipo", "technology", "none")),
    company=st.sampled_from((None, "BRK.B")),
    interests=st.none()
    | st.tuples(
        st.sets(st.sampled_from(("AAPL", "BRK.B"))),
        st.sets(st.sampled_from(("ipo", "technology", "none"))),
    ),
    first=years.map(lambda moment: moment and moment.replace(microsecond=0)),
    last=years,
)
def test_pages_hold_every_matching_article_once_newest_first(
    pile: list[NewsArticle],
    limit: int,
    topic: str | None,
    company: str | None,
    interests: tuple[set[str], set[str]] | None,
    first: datetime | None,
    last: datetime | None,
) -> None:
    def accept(found: NewsArticle) -> bool:
        return topic is None or topic in found.topics

    def wanted(found: NewsArticle) -> bool:
        tickers = {mention.ticker for mention in found.tickers}
        late_enough = first is None or first <= found.published_at
        if interests is not None:
            return late_enough and bool(interests[0] & tickers or interests[1] & {*found.topics})
        named = company is None or company in tickers
        return named and late_enough and (last is None or found.published_at <= last)

    with opened() as store:
        news = NewsRepository(store)
        store_articles(news, pile)

        def read(cursor: Cursor | None) -> ArticlePage:
            if interests is not None:
                return news.about_any(*interests, first, limit=limit, cursor=cursor, accept=accept)
            if company is None and topic is not None:
                return news.on_topic(topic, first, last, limit=limit, cursor=cursor)
            if company is None:
                return news.recent(first, last, limit=limit, cursor=cursor, accept=accept)
            return news.of_company(company, first, last, limit=limit, cursor=cursor, accept=accept)

        found = pages(read)

    flat = [each for page in found for each in page]
    assert flat == newest_first([each for each in pile if wanted(each) and accept(each)])
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1] or len(found) == 1  # a cursor promises that something follows


def test_more_articles_than_one_read_of_the_store_are_all_found(news: NewsRepository) -> None:
    pile = [article(f"Article {number}", "2024-01-05T10:00", "AAPL") for number in range(230)]
    store_articles(news, pile)
    moment = datetime(2024, 1, 5, 10, tzinfo=UTC)

    assert list(news.between("AAPL", moment, moment)) == newest_first(pile)
    assert len(news.of_company("AAPL", limit=1000).items) == 230


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
    before: tuple[str, ...], after: tuple[str, ...], news: NewsRepository
) -> None:
    store_articles(news, [about(GAINS, *before)])
    store_articles(news, [about(GAINS, *after)])

    assert len(news.recent(limit=10).items) == 1
    companies = ("AAPL", "BRK.B", "MSFT", "ZZZ")
    assert {ticker for ticker in companies if news.count(ticker)} == set(after)


@pytest.mark.parametrize("after", [(), ("ipo",), ("ipo", "mergers"), ("mergers",)])
@pytest.mark.parametrize("hour", [10, 11], ids=["edited", "moved"])
def test_an_article_is_only_under_the_topics_of_its_newest_version(
    after: tuple[str, ...], hour: int, news: NewsRepository, spied: SpiedStore
) -> None:
    store_articles(news, [GAINS.model_copy(update={"topics": ("ipo", "technology")})])
    edited = GAINS.model_copy(
        update={"topics": after, "published_at": datetime(2024, 1, 5, hour, tzinfo=UTC)}
    )

    store_articles(news, [edited])

    topics = ("ipo", "mergers", "technology")
    found = {topic: news.on_topic(topic, limit=10).items for topic in topics}
    assert found == {topic: [edited] if topic in after else [] for topic in topics}
    copies = [key for key in spied.contents() if key[1].startswith("topic#")]
    assert len(copies) == len(after)


def test_a_topic_that_nobody_wrote_about_takes_one_query(
    news: NewsRepository, spied: SpiedStore
) -> None:
    store_articles(news, [article("Late", "2024-01-01T00:00", "AAPL")])
    store_articles(news, [article("Early", "1999-12-31T00:00", "AAPL")])
    before = spied.calls

    assert news.on_topic("blockchain", limit=10) == ([], None)

    assert spied.calls == before + 1


def test_every_company_that_an_article_joins_or_leaves_is_known_before_a_write(
    news: NewsRepository, spied: SpiedStore
) -> None:
    later = article("Apple again", "2024-01-06T10:00", "AAPL")
    store_articles(news, [about(GAINS, "AAPL", "BRK.B")])
    written = spied.writes

    changes = news.compare([Vintage(NOW, [about(GAINS, "AAPL", "MSFT"), later])])

    assert spied.writes == written
    assert [
        (copy.ticker, change.article.title, copy.added)
        for change in changes
        for copy in change.copies
    ] == [
        ("AAPL", GAINS.title, 0),
        ("MSFT", GAINS.title, 1),
        ("BRK.B", GAINS.title, -1),
        ("AAPL", later.title, 1),
    ]


def test_of_two_versions_of_an_article_the_last_counts(news: NewsRepository) -> None:
    corrected = GAINS.model_copy(update={"summary": "Corrected."})

    assert store_articles(news, [GAINS, corrected]) == [corrected]
    assert store_articles(news, [GAINS, corrected]) == []
    assert news.of_company("AAPL", limit=10).items == [corrected]


@pytest.fixture
def scored(news: NewsRepository) -> NewsRepository:
    """News with an article about two companies that was scored here."""
    store_articles(news, [about(GAINS, "AAPL", "BRK.B")])
    news.put_score(about(GAINS, "AAPL", "BRK.B").scored(SCORE, "lexicon"))
    return news


@pytest.mark.parametrize("companies", [("AAPL", "BRK.B"), ("AAPL", "MSFT")])
def test_a_score_of_ours_outlives_another_ingest(
    companies: tuple[str, ...], scored: NewsRepository
) -> None:
    assert store_articles(scored, [about(GAINS, "AAPL", "BRK.B")]) == []
    assert store_articles(
        scored, [about(GAINS, *companies).model_copy(update={"topics": ("ipo",)})]
    )

    pages = [scored.on_topic("ipo", limit=10)]
    pages += [scored.of_company(ticker, limit=10) for ticker in companies]
    for page in pages:
        (found,) = page.items
        assert (found.scored_by, found.topics) == ("lexicon", ("ipo",))
        assert [found.sentiment, *(mention.sentiment for mention in found.tickers)] == [SCORE] * 3


def test_a_score_of_ours_is_dropped_for_another_text_or_the_sources_own_score(
    scored: NewsRepository,
) -> None:
    other = about(GAINS, "AAPL").model_copy(update={"summary": "It did not."})
    store_articles(scored, [other])
    assert scored.of_company("AAPL", limit=10).items == [other]

    judged = other.model_copy(update={"sentiment": Decimal("-0.1")})
    store_articles(scored, [judged])
    scored.put_score(other.scored(SCORE, "lexicon"))

    assert scored.of_company("AAPL", limit=10).items == [judged]


def test_a_score_is_seen_under_the_topics_as_well(news: NewsRepository) -> None:
    rated = GAINS.model_copy(update={"topics": ("ipo",)})
    store_articles(news, [rated])

    news.put_score(rated.scored(SCORE, "lexicon"))

    (found,) = news.on_topic("ipo", limit=10).items
    assert (found.sentiment, found.scored_by) == (SCORE, "lexicon")


def test_a_late_score_does_not_undo_what_was_written_meanwhile(
    news: NewsRepository, spied: SpiedStore
) -> None:
    store_articles(news, [GAINS])

    def meanwhile(_: TableSpec, __: Item) -> None:
        store_articles(NewsRepository(spied.store), [GAINS.model_copy(update={"topics": ("ipo",)})])

    spied.meanwhile = meanwhile
    news.put_score(GAINS.scored(SCORE, "lexicon"))

    (found,) = news.of_company("AAPL", limit=10).items
    assert (found.topics, found.sentiment) == (("ipo",), SCORE)


def test_a_score_for_a_copy_that_is_gone_brings_nothing_back(scored: NewsRepository) -> None:
    store_articles(scored, [GAINS])

    scored.put_score(about(GAINS, "AAPL", "BRK.B").scored(SCORE, "lexicon"))

    assert scored.count("BRK.B") == 0


def test_an_article_that_somebody_else_adds_meanwhile_is_brought_up_to_date(
    news: NewsRepository, spied: SpiedStore
) -> None:
    def meanwhile(_: TableSpec, __: Item) -> None:
        store_articles(NewsRepository(spied.store), [GAINS])

    spied.meanwhile = meanwhile
    store_articles(news, [GAINS.model_copy(update={"topics": ("ipo",)})])

    assert [found.topics for found in news.recent(limit=10).items] == [("ipo",)]


@pytest.mark.parametrize("stored", [[], [GAINS]], ids=["new", "known"])
@pytest.mark.parametrize("hour", [10, 11], ids=["changed", "moved"])
def test_a_newer_version_that_somebody_else_adds_meanwhile_stays(
    hour: int, stored: list[NewsArticle], news: NewsRepository, spied: SpiedStore
) -> None:
    newer = GAINS.model_copy(
        update={"topics": ("ipo",), "published_at": datetime(2024, 1, 5, hour, tzinfo=UTC)}
    )
    older = GAINS.model_copy(update={"summary": "Corrected."})
    store_articles(news, stored, NOW)

    def meanwhile(_: TableSpec, __: Item) -> None:
        later = NOW + timedelta(hours=2)
        store_articles(NewsRepository(spied.store), [newer], later, recorded=True)

    spied.meanwhile = meanwhile
    store_articles(news, [older], NOW + timedelta(hours=1), recorded=True)

    assert news.recent(limit=10).items == [newer]
    assert news.of_company("AAPL", limit=10).items == [newer]
    assert [version.article for version in news.versions(GAINS.id)] == [
        *stored,
        older,
        newer,
    ]


def test_the_first_second_and_the_last_of_a_month_belong_to_it(news: NewsRepository) -> None:
    store_articles(
        news,
        [
            article("Old year", "2023-12-31T23:59:59", "AAPL"),
            article("New year", "2024-01-01T00:00:00", "AAPL"),
            article("End of January", "2024-01-31T23:59:59", "MSFT"),
            article("February", "2024-02-01T00:00:00", "MSFT"),
        ],
    )

    january = news.recent(
        datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC), limit=10
    )

    assert titles(january) == ["End of January", "New year"]
    assert january.cursor is None


def test_years_without_news_in_between_are_not_the_end(news: NewsRepository) -> None:
    store_articles(news, [article("Late", "2024-01-01T00:00", "AAPL")])
    store_articles(news, [article("Early", "1999-12-31T00:00", "AAPL")])
    start = datetime(987, 1, 1, tzinfo=UTC)

    found = pages(lambda cursor: news.recent(start, limit=1, cursor=cursor))

    assert [each.title for page in found for each in page] == ["Late", "Early"]
    assert titles(news.recent(None, start, limit=10)) == []
