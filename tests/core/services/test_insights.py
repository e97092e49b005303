"""Insights follow from what is stored, however often and in whichever order events come."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import AssetProfile, DataSet, Freshness, Identity, ProblemKind
from signal9_core.domain.insights import Insights, PriceRange, SentimentRating
from signal9_core.domain.news import NewsArticle, SentimentLabel
from signal9_core.domain.prices import PriceSeries
from signal9_core.domain.reports import Earnings, IncomeStatement, Report, ReportKind
from signal9_core.errors import PublishError, ScoringError, ScoringUnavailableError
from signal9_core.events import (
    EVENTS,
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
)
from signal9_core.ports import Item
from signal9_core.repositories.companies import AssetRepository
from signal9_core.repositories.news import NewsRepository
from signal9_core.repositories.prices import ActionRepository, PriceRepository
from signal9_core.repositories.reports import FinancialsRepository
from signal9_core.services.insights import UpdateInsights
from signal9_core.tables import TableSpec
from tests.core.storing import store_articles, store_assets, store_reports
from tests.fakes import LISTING, NOW, AttentivePublisher, FakeScorer, SetClock, article, bar, series
from tests.spied import SpiedStore

AS_OF = date(2024, 1, 8)
LATELY = ("2024-01-01T00:00", "2024-01-08T00:00")


class Market:
    """Facts in a store, and what is made of them."""

    def __init__(self, spied: SpiedStore, publisher: AttentivePublisher) -> None:
        self.scorer = FakeScorer(soars=0.5, slips=-0.5)
        self.publisher = publisher
        self.spied = spied
        self.assets, self.news = AssetRepository(spied), NewsRepository(spied)
        self.prices, self.actions = PriceRepository(spied), ActionRepository(spied)
        self.financials = FinancialsRepository(spied)
        store_assets(self.assets, LISTING)

    def update(self, event: Event) -> None:
        UpdateInsights(
            self.assets,
            self.prices,
            self.actions,
            self.financials,
            self.news,
            lambda: self.scorer,
            self.publisher,
            SetClock(),
            10,
        )(event)

    def news_ingested(self, ticker: str, first: str = LATELY[0], last: str = LATELY[1]) -> None:
        start, end = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (first, last))
        self.update(NewsIngested(at=NOW, ticker=ticker, first=start, last=end, count=1))

    def prices_updated(self, ticker: str) -> None:
        self.update(PricesUpdated(at=NOW, ticker=ticker, first=AS_OF, last=AS_OF, count=1))

    def is_fresh(self, ticker: str, data_set: DataSet, as_of: date = AS_OF) -> None:
        fresh = Freshness(as_of=as_of, source="fake", complete=True, fetched_at=NOW, count=1)

        def noted(old: AssetProfile) -> AssetProfile:
            return old.model_copy(update={"freshness": {**old.freshness, data_set: fresh}})

        self.assets.change(ticker, noted)

    def actions_are_known(self, ticker: str, *splits: tuple[str, str]) -> None:
        self.actions.sync(
            CorporateAction(
                ticker=ticker,
                kind="split",
                ex_date=date.fromisoformat(day),
                ratio=Decimal(ratio),
            )
            for day, ratio in splits
        )
        self.actions.note_coverage(ticker, (date(2000, 1, 1), date(2024, 1, 9)))

    def profile(self, ticker: str) -> AssetProfile:
        profile = self.assets.get(ticker)
        assert profile is not None
        return profile

    def insights(self, ticker: str) -> Insights:
        return self.profile(ticker).insights

    def announced(self) -> list[NewsSentimentAnalyzed]:
        return [event for event in self.publisher.heard if isinstance(event, NewsSentimentAnalyzed)]

    def rating(self, ticker: str) -> SentimentRating:
        rating = self.insights(ticker).sentiment
        assert rating is not None
        return rating


@pytest.fixture
def market(spied: SpiedStore) -> Market:
    return Market(spied, AttentivePublisher())


def test_articles_without_sentiment_are_scored_for_every_company(market: Market) -> None:
    store_articles(
        market.news,
        [
            article("Apple soars", "2024-01-05T10:00", "AAPL", "BRK.B"),
            article("Apple judged", "2024-01-06T10:00", "AAPL", sentiment="0.1"),
        ],
    )

    market.news_ingested("AAPL")

    (found,) = market.news.of_company("BRK.B", limit=100).items
    assert (found.sentiment, found.scored_by) == (Decimal("0.5"), "fake-scorer")
    assert {mention.sentiment for mention in found.tickers} == {Decimal("0.5")}
    assert market.scorer.asked == ["Apple soars\nSummary."]


def test_articles_of_the_window_and_of_the_event_are_scored(market: Market) -> None:
    store_articles(
        market.news,
        [
            article("Apple soars of late", "2024-01-05T10:00", "AAPL"),
            article("Apple soars in the event", "2023-06-04T10:00", "AAPL"),
            article("Apple soars before it", "2023-06-04T09:59:59", "AAPL"),
        ],
    )

    market.news_ingested("AAPL", "2023-06-04T10:00", "2024-01-08T10:00")

    assert market.scorer.asked == [
        "Apple soars of late\nSummary.",
        "Apple soars in the event\nSummary.",
    ]


class FailingScorer(FakeScorer):
    """A scorer that fails for some texts, or for all of them."""

    def __init__(self, error: ScoringError, word: str = "") -> None:
        super().__init__(soars=0.5)
        self.error, self.word = error, word

    def score(self, text: str) -> float:
        score = super().score(text)
        if self.word in text:
            raise self.error
        return score


def unscored(market: Market, *titles: str) -> None:
    days = range(8, 0, -1)
    store_articles(
        market.news,
        [
            article(title, f"2024-01-{day:02}T10:00", "AAPL")
            for title, day in zip(titles, days, strict=False)
        ],
    )


def test_a_text_that_cannot_be_scored_is_a_problem_and_keeps_none_from_its_score(
    market: Market,
) -> None:
    unscored(market, "One soars", "Odd", "Two soars")
    market.scorer = FailingScorer(ScoringError("model: 'maybe' is not a number"), "Odd")

    market.news_ingested("AAPL")
    profile = market.profile("AAPL")
    problem = profile.problem(ProblemKind.SENTIMENT)
    market.scorer = FakeScorer(soars=0.5)
    market.news_ingested("AAPL")

    assert profile.insights.sentiment is not None
    assert profile.insights.sentiment.sample_size == 2
    assert problem is not None
    assert problem.reason == "articles are not scored: model: 'maybe' is not a number"
    assert market.scorer.asked == ["Odd\nSummary."]
    assert market.profile("AAPL").problems == ()
    assert market.rating("AAPL").sample_size == 3


def test_a_scorer_that_is_down_is_left_alone_until_the_next_update(market: Market) -> None:
    unscored(market, "One soars", "Two soars", "Three soars")
    scorer = market.scorer = FailingScorer(ScoringUnavailableError("model: throttled"))

    market.news_ingested("AAPL")
    writes = market.spied.writes
    market.news_ingested("AAPL")

    assert len(scorer.asked) == 2
    assert market.spied.writes == writes
    assert market.profile("AAPL").problem(ProblemKind.SENTIMENT) is not None
    assert market.profile("AAPL").insights.sentiment is None


def test_a_scorer_that_costs_scores_the_newest_articles_and_the_next_update_goes_on(
    market: Market,
) -> None:
    unscored(market, "One soars", "Two soars", "Three soars")
    market.scorer.most_at_once = 2

    market.news_ingested("AAPL")
    first = list(market.scorer.asked)
    market.news_ingested("AAPL")

    assert [text.split()[0] for text in first] == ["One", "Two"]
    assert [text.split()[0] for text in market.scorer.asked[2:]] == ["Three"]


def test_the_rating_is_the_mean_score_weighted_by_relevance(market: Market) -> None:
    market.is_fresh("BRK.B", DataSet.NEWS)
    store_articles(
        market.news,
        [
            article("One", "2024-01-05T10:00", "BRK.B", sentiment="0.4", relevance="0.25"),
            article("Two", "2024-01-06T10:00", "BRK.B", sentiment="-0.2", relevance="1"),
            article("Three", "2024-01-06T11:00", "BRK.B", sentiment="0.9", relevance="0"),
            article("Four", "2024-01-06T11:30", "BRK.B", sentiment="0", relevance="0.25"),
            article("Five", "2024-01-06T11:45", "BRK.B", sentiment="0.1", relevance="1"),
            article("Other", "2024-01-06T12:00", "AAPL", sentiment="1"),
        ],
    )

    market.news_ingested("BRK.B")

    # The first and the last add 0.1, the second takes 0.2, the others add nothing: 0 over 2.5.
    assert market.rating("BRK.B") == SentimentRating(
        as_of=AS_OF,
        window_days=10,
        sample_size=5,
        score=Decimal(0),
        label=SentimentLabel.NEUTRAL,
    )
    assert market.publisher.heard == [
        NewsSentimentAnalyzed(at=NOW, ticker="BRK.B", score=Decimal("0.000000"), sample_size=5)
    ]


@pytest.mark.parametrize(("count", "label"), [(4, "insufficient"), (5, SentimentLabel.BULLISH)])
def test_fewer_than_five_articles_are_insufficient(count: int, label: str, market: Market) -> None:
    store_articles(
        market.news,
        [
            article(f"No {number}", f"2024-01-05T10:{number:02}", "AAPL", sentiment="0.5")
            for number in range(count)
        ],
    )

    market.news_ingested("AAPL")

    rating = market.rating("AAPL")
    assert (rating.sample_size, rating.label) == (count, label)
    assert rating.score == (None if count < 5 else Decimal("0.5"))
    assert [event.score for event in market.announced()] == [rating.score]


def test_the_window_holds_its_first_moment_and_its_last(market: Market) -> None:
    market.is_fresh("AAPL", DataSet.NEWS)
    store_articles(
        market.news,
        [
            article("Too early", "2023-12-29T23:59:59", "AAPL", sentiment="1"),
            article("First moment", "2023-12-30T00:00:00", "AAPL", sentiment="0.5"),
            *(
                article(f"Between {day}", f"2024-01-0{day}T10:00", "AAPL", sentiment="0.3")
                for day in (2, 3, 4)
            ),
            article("Last moment", "2024-01-08T23:59:59", "AAPL", sentiment="0.1"),
            article("Too late", "2024-01-09T00:00:00", "AAPL", sentiment="1"),
        ],
    )

    market.news_ingested("AAPL")

    assert (market.rating("AAPL").sample_size, market.rating("AAPL").score) == (5, Decimal("0.3"))


def test_articles_of_an_event_before_the_window_do_not_count(market: Market) -> None:
    store_articles(market.news, [article("Long ago", "2021-01-05T10:00", "AAPL", sentiment="1")])

    market.news_ingested("AAPL", "2021-01-01T00:00", "2024-01-08T00:00")

    assert market.insights("AAPL").sentiment is None


@pytest.mark.parametrize(
    "articles",
    [
        (),
        (article("No weight", "2024-01-05T10:00", "AAPL", sentiment="1", relevance="0"),),
        (article("Long ago", "2021-01-05T10:00", "AAPL", sentiment="1"),),
    ],
)
def test_without_a_scored_article_there_is_no_rating(
    articles: Sequence[NewsArticle], market: Market
) -> None:
    market.is_fresh("AAPL", DataSet.NEWS)
    store_articles(market.news, articles)

    market.news_ingested("AAPL")

    assert market.insights("AAPL").sentiment is None
    assert market.publisher.heard == []


def test_repeating_an_event_changes_and_announces_nothing(market: Market) -> None:
    for data_set in (DataSet.NEWS, DataSet.PRICES):
        market.is_fresh("AAPL", data_set)
    store_articles(market.news, [article("Apple soars", "2024-01-05T10:00", "AAPL")])
    market.prices.merge(series("AAPL", day_20240105="181"))
    overview = AssetDataUpdated(at=NOW, tickers=("AAPL", "ZZZ"), data_set="overview")
    listing = overview.model_copy(update={"data_set": "listing"})

    written: list[tuple[int, int]] = []
    for _ in range(2):
        market.news_ingested("AAPL")
        market.prices_updated("AAPL")
        market.update(overview)
        market.update(listing)
        written.append((market.spied.writes, len(market.publisher.heard)))

    assert written[0] == written[1]


def test_articles_that_another_company_brought_count_at_once_and_for_good(market: Market) -> None:
    market.is_fresh("BRK.B", DataSet.NEWS, date(2024, 1, 1))
    store_articles(market.news, [article("Soars", "2024-01-05T10:00", "BRK.B", sentiment="0.5")])

    market.news_ingested("BRK.B", "2024-01-05T10:00", "2024-01-05T10:00")
    rating = market.rating("BRK.B")
    market.update(AssetDataUpdated(at=NOW, tickers=("BRK.B",), data_set="overview"))

    assert (rating.as_of, rating.sample_size) == (date(2024, 1, 5), 1)
    assert market.rating("BRK.B") == rating


def test_a_company_that_is_not_listed_is_not_made_up(market: Market) -> None:
    store_articles(market.news, [article("Coin soars", "2024-01-05T10:00", "CRYPTO:BTC")])

    market.news_ingested("CRYPTO:BTC")
    market.prices_updated("CRYPTO:BTC")

    assert market.assets.get("CRYPTO:BTC") is None


def test_the_range_holds_52_weeks_and_names_its_days(market: Market) -> None:
    market.is_fresh("AAPL", DataSet.PRICES)
    market.actions_are_known("AAPL")
    first = AS_OF - timedelta(weeks=52) + timedelta(days=1)
    bars = [
        bar("AAPL", (first - timedelta(days=1)).isoformat(), "1", high="999"),
        bar("AAPL", first.isoformat(), "150", low="140"),
        bar("AAPL", "2023-06-01", "180", high="190.5"),
        bar("AAPL", "2023-07-03", "180", high="190.5", low="140"),
        bar("AAPL", "2024-01-08", "185"),
        bar("AAPL", "2024-01-09", "1", high="999"),
    ]
    market.prices.merge(PriceSeries.from_bars("AAPL", bars))

    market.prices_updated("AAPL")

    assert market.insights("AAPL").range_52_weeks == PriceRange(
        as_of=AS_OF,
        first=first,
        last=AS_OF,
        incomplete="No prices from 2023-01-10 to 2023-06-01.",
        low=Decimal(140),
        low_on=first,
        high=Decimal("190.5"),
        high_on=date(2023, 6, 1),
    )


APPLE_2020 = [
    bar("AAPL", "2019-09-03", "205.70", low="203.32", high="206.98"),
    bar("AAPL", "2020-03-23", "224.37", low="212.61", high="228.4997"),
    bar("AAPL", "2020-08-24", "503.43", low="495.745", high="515.14"),
    bar("AAPL", "2020-08-28", "499.23", low="498.31", high="505.77"),
    bar("AAPL", "2020-08-31", "129.04", low="126.00", high="131.00"),
    bar("AAPL", "2020-09-01", "134.18", low="130.53", high="134.80"),
]


def test_the_range_is_in_shares_of_the_last_close(market: Market) -> None:
    market.prices.merge(PriceSeries.from_bars("AAPL", APPLE_2020))
    market.actions_are_known("AAPL", ("2014-06-09", "7"), ("2020-08-31", "4"))

    for as_of, low, high in (
        (date(2020, 8, 28), "203.32", "515.14"),
        (date(2020, 8, 31), "50.83", "131"),
    ):
        market.is_fresh("AAPL", DataSet.PRICES, as_of)
        market.prices_updated("AAPL")
        price_range = market.insights("AAPL").range_52_weeks
        assert price_range is not None
        assert (price_range.low, price_range.high) == (Decimal(low), Decimal(high))
        assert price_range.low_on == date(2019, 9, 3)


def test_the_low_is_dated_by_the_day_with_the_lowest_low(market: Market) -> None:
    market.is_fresh("AAPL", DataSet.PRICES)
    market.actions_are_known("AAPL")
    bars = [
        bar("AAPL", "2023-06-01", "150", low="149", high="190"),
        bar("AAPL", "2023-07-03", "160", low="130", high="161"),
        bar("AAPL", "2023-08-01", "140", low="139", high="141"),
    ]
    market.prices.merge(PriceSeries.from_bars("AAPL", bars))

    market.prices_updated("AAPL")

    price_range = market.insights("AAPL").range_52_weeks
    assert price_range is not None
    assert (price_range.low, price_range.low_on) == (Decimal(130), date(2023, 7, 3))
    assert (price_range.high, price_range.high_on) == (Decimal(190), date(2023, 6, 1))


def test_a_split_that_is_learned_later_updates_the_range(market: Market) -> None:
    market.prices.merge(PriceSeries.from_bars("AAPL", APPLE_2020))
    market.is_fresh("AAPL", DataSet.PRICES, date(2020, 9, 1))
    market.actions_are_known("AAPL")
    market.prices_updated("AAPL")
    before = market.insights("AAPL").range_52_weeks

    market.actions_are_known("AAPL", ("2020-08-31", "4"))
    market.prices_updated("AAPL")

    after = market.insights("AAPL").range_52_weeks
    assert before is not None
    assert after is not None
    assert (before.high, after.high) == (Decimal("515.14"), Decimal("134.8"))


@pytest.mark.parametrize(
    "spans",
    [
        (),
        ((date(2023, 6, 2), date(2024, 1, 5)),),
        ((date(2023, 6, 1), date(2024, 1, 4)),),
        ((date(2023, 6, 1), date(2023, 8, 1)), (date(2023, 8, 3), date(2024, 1, 5))),
    ],
    ids=["nothing known", "first day", "last day", "a day between"],
)
def test_without_all_splits_of_the_year_there_is_a_reason_instead_of_a_range(
    spans: Sequence[tuple[date, date]], market: Market
) -> None:
    market.is_fresh("AAPL", DataSet.PRICES)
    market.prices.merge(series("AAPL", day_20230601="724", day_20240105="181"))
    if spans:
        market.actions.note_coverage("AAPL", *spans)

    market.prices_updated("AAPL")
    insights = market.insights("AAPL")
    market.actions_are_known("AAPL")
    market.prices_updated("AAPL")

    assert insights.range_52_weeks is None
    assert insights.no_range_reason == (
        "The splits and dividends from 2023-06-01 to 2024-01-05 are not known."
    )
    assert market.insights("AAPL").range_52_weeks is not None
    assert market.insights("AAPL").no_range_reason is None


@pytest.mark.parametrize("as_of", [None, date(2030, 1, 1)])
def test_without_prices_of_the_year_there_is_no_range(as_of: date | None, market: Market) -> None:
    market.prices.merge(series("AAPL", day_20240105="181"))
    if as_of is not None:
        market.is_fresh("AAPL", DataSet.PRICES, as_of)

    market.prices_updated("AAPL")

    assert market.insights("AAPL").range_52_weeks is None


def test_insights_follow_from_what_somebody_else_wrote_meanwhile(market: Market) -> None:
    market.is_fresh("AAPL", DataSet.NEWS)
    store_articles(market.news, [article("One", "2024-01-05T10:00", "AAPL", sentiment="0.2")])

    def meanwhile(_: TableSpec, __: Item) -> None:
        store_articles(market.news, [article("Two", "2024-01-06T10:00", "AAPL", sentiment="0.4")])
        market.news_ingested("AAPL")

    market.spied.meanwhile = meanwhile
    market.news_ingested("AAPL")

    assert market.rating("AAPL").sample_size == 2


def test_a_rating_that_could_not_be_announced_is_announced_when_repeated(market: Market) -> None:
    class Broken(AttentivePublisher):
        def publish(self, events: Sequence[Event]) -> None:
            raise PublishError(f"{len(events)} refused")

    market.is_fresh("AAPL", DataSet.NEWS)
    store_articles(market.news, [article("One", "2024-01-05T10:00", "AAPL", sentiment="0.2")])
    good, market.publisher = market.publisher, Broken()
    with pytest.raises(PublishError):
        market.news_ingested("AAPL")

    market.publisher = good
    market.news_ingested("AAPL")

    assert [type(event) for event in good.heard] == [NewsSentimentAnalyzed]


def quarters(*revenues: int, ticker: str = "AAPL") -> list[Report]:
    """Return income statements and earnings of quarters up to the last of 2023."""
    ends = ["2023-12-31", "2023-09-30", "2023-06-30", "2023-03-31", "2022-12-31"]
    facts = {"ticker": ticker, "period": "quarterly", "currency": "USD"}
    return [
        model.model_validate({**facts, "fiscalDateEnding": end, name: revenue})
        for end, revenue in zip(ends, revenues, strict=False)
        for model, name in ((IncomeStatement, "totalRevenue"), (Earnings, "reportedEPS"))
    ]


def reported(market: Market, *revenues: int) -> None:
    """Store quarters of Apple, received at noon, and update what follows from them."""
    store_reports(market.financials, "AAPL", quarters(*revenues))
    received = {ReportKind.EARNINGS: NOW}
    market.assets.change("AAPL", lambda old: old.model_copy(update={"reports_received": received}))
    event = FinancialDataIngested(
        at=NOW, ticker="AAPL", reports=(ReportKind.INCOME_STATEMENT,), count=1
    )
    market.update(event)


def test_reports_change_figures_and_what_compares_them_with_the_price(market: Market) -> None:
    market.is_fresh("AAPL", DataSet.PRICES)
    market.actions_are_known("AAPL")
    market.prices.merge(series("AAPL", day_20240105="181"))

    reported(market, 4, 3, 2, 1, 9)
    insights = market.insights("AAPL")
    market.prices.merge(series("AAPL", day_20240108="190"))
    market.prices_updated("AAPL")

    assert insights.income is not None
    assert insights.income.revenue == 10
    assert insights.prices is not None
    assert insights.prices.price_to_earnings == Decimal("18.1")
    after = market.insights("AAPL")
    assert after.prices is not None
    assert after.prices.price_to_earnings == 19
    assert after.income == insights.income


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if "reports" in kind.model_fields])
def test_every_event_about_reports_updates_figures(kind: type[Event], market: Market) -> None:
    store_reports(market.financials, "AAPL", quarters(4, 3, 2, 1))

    facts: dict[str, Any] = {"at": NOW, "ticker": "AAPL"}
    market.update(kind.model_construct(**facts))

    income = market.insights("AAPL").income
    assert income is not None
    assert income.revenue == 10


def test_figures_are_written_only_when_their_facts_change(market: Market) -> None:
    market.is_fresh("AAPL", DataSet.PRICES)
    market.prices.merge(series("AAPL", day_20240105="181"))
    reported(market, 4, 3, 2, 1)
    version = market.assets.read("AAPL").version

    reported(market, 4, 3, 2, 1)
    market.prices_updated("AAPL")
    same = market.assets.read("AAPL").version
    reported(market, 5, 3, 2, 1)

    assert same == version
    income = market.insights("AAPL").income
    assert income is not None
    assert income.revenue == 11
    assert market.publisher.heard == []


def test_reports_of_a_former_owner_of_the_ticker_do_not_count(market: Market) -> None:
    identity = Identity(since=date(2023, 5, 1))
    market.assets.change("AAPL", lambda old: old.model_copy(update={"identity": identity}))

    reported(market, 4, 3, 2, 1)

    income = market.insights("AAPL").income
    assert income is not None
    assert income.revenue is None
    assert "revenue" in income.insufficient


def test_an_update_reads_each_kind_of_fact_once(market: Market) -> None:
    for data_set in (DataSet.PRICES, DataSet.NEWS):
        market.is_fresh("AAPL", data_set)
    market.prices.merge(series("AAPL", day_20230601="150", day_20240105="181"))
    store_articles(market.news, [article("Soars", "2024-01-05T10:00", "AAPL", sentiment="0.5")])
    reported(market, 4, 3, 2, 1)
    overview = AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="overview")
    market.update(overview)

    before = market.spied.calls
    market.update(overview)

    # The record, and a query each of reports, prices, actions and news.
    assert market.spied.calls - before == 5
