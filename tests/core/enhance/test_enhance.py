from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from signal9_core.domain import (
    AssetProfile,
    DataSet,
    Freshness,
    Insights,
    NewsArticle,
    PriceRange,
    PriceSeries,
    SentimentLabel,
    SentimentRating,
)
from signal9_core.errors import PublishError
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
)
from signal9_core.ports import Item
from signal9_core.repositories import AssetRepository, NewsRepository, PriceRepository
from signal9_core.services.insights import Enhance
from signal9_core.tables import TableSpec
from tests.fakes import LISTING, NOW, AttentivePublisher, FakeScorer, SetClock, article, bar, series
from tests.spied import SpiedStore

AS_OF = date(2024, 1, 8)


class World:
    """Facts in a store, and what is made of them."""

    def __init__(self, spied: SpiedStore, **scores: float) -> None:
        self.spied = spied
        self.scorer = FakeScorer(**scores)
        self.publisher = AttentivePublisher()
        self.enhance = self.enhancer(spied)
        AssetRepository(spied).sync(LISTING)

    def enhancer(self, store: SpiedStore) -> Enhance:
        return Enhance(
            AssetRepository(store),
            PriceRepository(store),
            NewsRepository(store),
            self.scorer,
            self.publisher,
            SetClock(),
            10,
        )

    def knows_news(self, *articles: NewsArticle) -> None:
        NewsRepository(self.spied).sync(articles)

    def knows_prices(self, prices: PriceSeries) -> None:
        PriceRepository(self.spied).merge(prices)

    def is_fresh(self, ticker: str, data_set: DataSet, as_of: date = AS_OF) -> None:
        fresh = Freshness(as_of=as_of, source="fake", complete=True, fetched_at=NOW, count=1)

        def noted(old: AssetProfile) -> AssetProfile:
            return old.model_copy(update={"freshness": {**old.freshness, data_set: fresh}})

        AssetRepository(self.spied).change(ticker, noted)

    def insights(self, ticker: str) -> Insights:
        profile = AssetRepository(self.spied).get(ticker)
        assert profile is not None
        return profile.insights

    def articles(self, ticker: str) -> list[NewsArticle]:
        return NewsRepository(self.spied).of_company(ticker, limit=100).items


@pytest.fixture
def world(spied: SpiedStore) -> World:
    return World(spied, soars=0.5, slips=-0.5)


def news_ingested(ticker: str, first: str, last: str) -> NewsIngested:
    start, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, last))
    return NewsIngested(at=NOW, ticker=ticker, first=start, last=end, count=1)


def prices_updated(ticker: str) -> PricesUpdated:
    return PricesUpdated(at=NOW, ticker=ticker, first=AS_OF, last=AS_OF, count=1)


LATELY = ("2024-01-01T00:00", "2024-01-08T00:00")


def test_articles_without_a_tone_are_scored_for_every_company(world: World) -> None:
    world.knows_news(
        article("Apple soars", "2024-01-05T10:00", "AAPL", "BRK.B"),
        article("Apple judged", "2024-01-06T10:00", "AAPL", sentiment="0.1"),
    )

    world.enhance(news_ingested("AAPL", *LATELY))

    (found,) = world.articles("BRK.B")
    assert (found.sentiment, found.scored_by) == (Decimal("0.5"), "fake-scorer")
    assert {each.ticker: each.sentiment for each in found.tickers} == {
        "AAPL": Decimal("0.5"),
        "BRK.B": Decimal("0.5"),
    }
    assert world.scorer.asked == ["Apple soars\nSummary."]


def test_only_articles_within_the_span_of_the_event_are_scored(world: World) -> None:
    world.knows_news(
        article("Apple soars", "2024-01-05T10:00", "AAPL"),
        article("Apple soars earlier", "2024-01-04T09:59:59", "AAPL"),
        article("Apple soars later", "2024-01-05T10:00:01", "AAPL"),
    )

    world.enhance(news_ingested("AAPL", "2024-01-04T10:00", "2024-01-05T10:00"))

    assert world.scorer.asked == ["Apple soars\nSummary."]


def test_the_rating_is_the_mean_tone_weighted_by_relevance(world: World) -> None:
    world.is_fresh("BRK.B", DataSet.NEWS)
    world.knows_news(
        article("One", "2024-01-05T10:00", "BRK.B", sentiment="0.4", relevance="0.25"),
        article("Two", "2024-01-06T10:00", "BRK.B", sentiment="-0.2", relevance="1"),
        article("Three", "2024-01-06T11:00", "BRK.B", sentiment="0.9", relevance="0"),
        article("Other", "2024-01-06T12:00", "AAPL", sentiment="1"),
    )

    world.enhance(news_ingested("BRK.B", *LATELY))

    # The first adds 0.1, the second takes 0.2, the third does nothing: -0.1 over 1.25.
    assert world.insights("BRK.B").sentiment == SentimentRating(
        as_of=AS_OF,
        window_days=10,
        sample_size=3,
        score=Decimal("-0.08"),
        label=SentimentLabel.NEUTRAL,
    )
    assert world.publisher.heard == [
        NewsSentimentAnalyzed(at=NOW, ticker="BRK.B", score=Decimal("-0.080000"), sample_size=3)
    ]


def test_the_window_holds_its_first_moment_and_its_last(world: World) -> None:
    world.is_fresh("AAPL", DataSet.NEWS)
    world.knows_news(
        article("Too early", "2023-12-29T23:59:59", "AAPL", sentiment="1"),
        article("First moment", "2023-12-30T00:00:00", "AAPL", sentiment="0.5"),
        article("Last moment", "2024-01-08T23:59:59", "AAPL", sentiment="0.1"),
        article("Too late", "2024-01-09T00:00:00", "AAPL", sentiment="1"),
    )

    world.enhance(news_ingested("AAPL", *LATELY))

    rating = world.insights("AAPL").sentiment
    assert rating is not None
    assert (rating.sample_size, rating.score) == (2, Decimal("0.3"))


@pytest.mark.parametrize(
    "articles",
    [
        (),
        (article("No weight", "2024-01-05T10:00", "AAPL", sentiment="1", relevance="0"),),
        (article("Long ago", "2021-01-05T10:00", "AAPL", sentiment="1"),),
    ],
)
def test_without_an_article_to_go_by_there_is_no_rating(
    articles: Sequence[NewsArticle], world: World
) -> None:
    world.is_fresh("AAPL", DataSet.NEWS)
    world.knows_news(*articles)

    world.enhance(news_ingested("AAPL", *LATELY))

    assert world.insights("AAPL").sentiment is None
    assert world.publisher.heard == []


def test_repeating_an_event_changes_and_announces_nothing(world: World) -> None:
    for data_set in (DataSet.NEWS, DataSet.PRICES):
        world.is_fresh("AAPL", data_set)
    world.knows_news(article("Apple soars", "2024-01-05T10:00", "AAPL"))
    world.knows_prices(series("AAPL", day_20240105="181"))
    events = [
        news_ingested("AAPL", *LATELY),
        prices_updated("AAPL"),
        AssetDataUpdated(at=NOW, tickers=("AAPL", "ZZZ"), data_set="overview"),
    ]
    for event in events:
        world.enhance(event)
    written, heard = world.spied.writes, len(world.publisher.heard)

    for event in events:
        world.enhance(event)

    assert (world.spied.writes, len(world.publisher.heard)) == (written, heard)


def test_news_that_came_by_way_of_another_company_count_at_once(world: World) -> None:
    world.is_fresh("BRK.B", DataSet.NEWS, date(2024, 1, 1))
    world.knows_news(article("Soars", "2024-01-05T10:00", "BRK.B", sentiment="0.5"))

    world.enhance(news_ingested("BRK.B", "2024-01-05T10:00", "2024-01-05T10:00"))

    rating = world.insights("BRK.B").sentiment
    assert rating is not None
    assert (rating.as_of, rating.sample_size) == (date(2024, 1, 5), 1)


def test_a_rating_never_goes_back_in_time(world: World) -> None:
    world.is_fresh("AAPL", DataSet.NEWS, date(2024, 1, 1))
    world.knows_news(article("Soars", "2024-01-05T10:00", "AAPL", sentiment="0.5"))
    world.enhance(news_ingested("AAPL", "2024-01-05T10:00", "2024-01-05T10:00"))

    world.enhance(AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="overview"))

    rating = world.insights("AAPL").sentiment
    assert rating is not None
    assert rating.as_of == date(2024, 1, 5)


def test_a_company_that_is_not_listed_is_not_made_up(world: World) -> None:
    world.knows_news(article("Coin soars", "2024-01-05T10:00", "CRYPTO:BTC"))

    world.enhance(news_ingested("CRYPTO:BTC", *LATELY))
    world.enhance(prices_updated("CRYPTO:BTC"))

    assert AssetRepository(world.spied).get("CRYPTO:BTC") is None


def test_the_range_holds_52_weeks_and_names_its_days(world: World) -> None:
    world.is_fresh("AAPL", DataSet.PRICES)
    first = AS_OF - timedelta(weeks=52) + timedelta(days=1)
    world.knows_prices(
        PriceSeries.from_bars(
            "AAPL",
            [
                bar("AAPL", (first - timedelta(days=1)).isoformat(), "1", high="999"),
                bar("AAPL", first.isoformat(), "150", low="140"),
                bar("AAPL", "2023-06-01", "180", high="190.5"),
                bar("AAPL", "2023-07-03", "180", high="190.5", low="140"),
                bar("AAPL", "2024-01-08", "185"),
                bar("AAPL", "2024-01-09", "1", high="999"),
            ],
        )
    )

    world.enhance(prices_updated("AAPL"))

    assert world.insights("AAPL").range_52_weeks == PriceRange(
        as_of=AS_OF,
        low=Decimal(140),
        low_on=first,
        high=Decimal("190.5"),
        high_on=date(2023, 6, 1),
    )


@pytest.mark.parametrize("as_of", [None, date(2030, 1, 1)])
def test_without_prices_of_the_year_there_is_no_range(as_of: date | None, world: World) -> None:
    world.knows_prices(series("AAPL", day_20240105="181"))
    if as_of is not None:
        world.is_fresh("AAPL", DataSet.PRICES, as_of)

    world.enhance(prices_updated("AAPL"))

    assert world.insights("AAPL").range_52_weeks is None


def test_insights_are_worked_out_anew_when_someone_else_was_faster(world: World) -> None:
    world.is_fresh("AAPL", DataSet.NEWS)
    world.knows_news(article("One", "2024-01-05T10:00", "AAPL", sentiment="0.2"))

    def meanwhile(_: TableSpec, __: Item) -> None:
        world.knows_news(article("Two", "2024-01-06T10:00", "AAPL", sentiment="0.4"))
        world.enhancer(world.spied)(news_ingested("AAPL", *LATELY))

    world.spied.meanwhile = meanwhile
    world.enhance(news_ingested("AAPL", *LATELY))

    rating = world.insights("AAPL").sentiment
    assert rating is not None
    assert (rating.sample_size, rating.score) == (2, Decimal("0.3"))


def test_a_rating_that_could_not_be_announced_is_announced_when_repeated(world: World) -> None:
    class Broken(AttentivePublisher):
        def publish(self, events: Sequence[Event]) -> None:
            raise PublishError(f"{len(events)} refused")

    world.is_fresh("AAPL", DataSet.NEWS)
    world.knows_news(article("One", "2024-01-05T10:00", "AAPL", sentiment="0.2"))
    good, world.publisher = world.publisher, Broken()
    with pytest.raises(PublishError):
        world.enhancer(world.spied)(news_ingested("AAPL", *LATELY))

    world.publisher = good
    world.enhancer(world.spied)(news_ingested("AAPL", *LATELY))

    assert [type(event) for event in good.heard] == [NewsSentimentAnalyzed]


def test_other_events_are_none_of_its_business(world: World) -> None:
    written = world.spied.writes

    world.enhance(AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="listing"))

    assert world.spied.writes == written
