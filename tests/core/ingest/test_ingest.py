from datetime import date, timedelta
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Asset, CompanyOverview, DataSet, Freshness, ReportKind
from signal9_core.errors import InputError, PayloadError, ProviderUnavailableError, RateLimitError
from signal9_core.events import (
    AssetDataUpdated,
    FinancialDataIngested,
    IngestionFailed,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
)
from signal9_core.ports import Financials
from signal9_core.repositories import AssetRepository
from tests.fakes import (
    NOW,
    REPORTS,
    AttentivePublisher,
    FakeProvider,
    SetClock,
    article,
    income,
    series,
)
from tests.spied import SpiedStore


def freshness(app: App, ticker: str) -> dict[DataSet, Freshness]:
    profile = AssetRepository(app.store).get(ticker)
    assert profile is not None
    return profile.freshness


def test_everything_is_stored_announced_and_accounted_for(
    app: App, publisher: AttentivePublisher
) -> None:
    answer = app.ingest()

    assert answer.changed == {"listing": 4, "overview": 2, "prices": 5, "financials": 4, "news": 3}
    assert answer.stored == {"listing": 4, "overview": 2, "prices": 5, "financials": 4, "news": 4}
    assert not answer.failed
    assert (answer.provider, answer.notice) == ("fake", "Made up.")
    assert app.is_ingested()
    kinds = [(type(each), getattr(each, "ticker", None)) for each in publisher.heard]
    assert (PricesUpdated, "BRK.B") in kinds
    assert (FinancialDataIngested, "AAPL") in kinds
    assert AssetDataUpdated(at=NOW, tickers=("BRK.B",), data_set="overview") in publisher.heard


def test_a_second_ingest_writes_nothing_and_announces_nothing(
    app: App, publisher: AttentivePublisher, spied: SpiedStore
) -> None:
    app.ingest()
    written, heard = spied.writes, len(publisher.heard)

    answer = app.ingest()

    assert spied.written[written:] == []
    assert publisher.heard[heard:] == []
    assert set(answer.changed.values()) == {0}
    assert answer.stored["prices"] == 5


def test_a_later_ingest_of_the_same_notes_only_that_it_ran(
    app: App, spied: SpiedStore, clock: SetClock
) -> None:
    app.ingest()
    written = spied.writes
    clock.move(days=1)

    app.ingest()

    assert spied.written[written:] == ["State ingest/fake"]


def test_unknown_fields_that_say_nothing_are_no_change(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    unknown = {"ticker": "AAPL", "nothing": None, "nested": {"deep": [None, {"no": None}]}}
    provider.overviews["AAPL"] = CompanyOverview.model_validate(unknown)
    provider.listing[0] = Asset.model_validate(unknown)
    app.ingest()
    written = spied.writes

    app.ingest()

    assert spied.written[written:] == []


def test_a_moment_within_a_second_is_no_change(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    provider.at = NOW.replace(microsecond=123_456)
    app.ingest()
    written = spied.writes

    app.ingest()

    assert spied.written[written:] == []


def test_only_what_changed_is_written_and_announced(
    app: App, provider: FakeProvider, publisher: AttentivePublisher, spied: SpiedStore
) -> None:
    app.ingest()
    written, publisher.heard = spied.writes, []
    provider.series["AAPL"] = series("AAPL", day_20240103="184.26", day_20240104="181.91")
    reports = [*REPORTS["AAPL"].statements, income("AAPL", "2023-09-30", "383285000001")]
    provider.reports["AAPL"] = Financials(reports, REPORTS["AAPL"].earnings)
    provider.articles.append(article("Microsoft buys", "2024-01-07T08:00", "MSFT", sentiment="0.3"))

    answer = app.ingest()

    assert answer.changed == {"listing": 0, "overview": 0, "prices": 2, "financials": 1, "news": 1}
    places = {name.split("/")[0] for name in spied.written[written:]}
    assert places == {
        "Assets AAPL",
        "Assets MSFT",
        "Financials AAPL",
        "News MSFT",
        "State outbox",
        "TimeSeries AAPL#1d",
    }
    changed = [
        each for each in publisher.heard if isinstance(each, PricesUpdated | FinancialDataIngested)
    ]
    assert changed == [
        PricesUpdated(
            at=NOW, ticker="AAPL", first=date(2024, 1, 3), last=date(2024, 1, 4), count=2
        ),
        FinancialDataIngested(
            at=NOW, ticker="AAPL", reports=(ReportKind.INCOME_STATEMENT,), count=1
        ),
    ]


def test_an_article_is_announced_for_every_company_that_it_mentions(
    app: App, publisher: AttentivePublisher
) -> None:
    app.ingest(tickers=["AAPL"], data_sets=[DataSet.NEWS])

    about = [each.ticker for each in publisher.heard if isinstance(each, NewsIngested)]
    assert about == ["AAPL", "BRK.B"]


def test_freshness_tells_how_far_the_data_reach(app: App) -> None:
    app.ingest()

    fresh = freshness(app, "AAPL")
    assert {name: (each.as_of, each.count) for name, each in fresh.items()} == {
        DataSet.OVERVIEW: (date(2024, 1, 8), 1),
        DataSet.PRICES: (date(2024, 1, 3), 4),
        DataSet.FINANCIALS: (date(2023, 9, 30), 4),
        DataSet.NEWS: (date(2024, 1, 8), 2),
    }
    assert {(each.source, each.fetched_at) for each in fresh.values()} == {("fake", NOW)}
    assert set(freshness(app, "MSFT")) == {DataSet.NEWS}


def test_freshness_does_not_go_back_when_a_provider_sends_older_bars(
    app: App, provider: FakeProvider
) -> None:
    app.ingest()
    provider.series["AAPL"] = series("AAPL", day_20231227="193.15")

    app.ingest()

    fresh = freshness(app, "AAPL")[DataSet.PRICES]
    assert (fresh.as_of, fresh.count) == (date(2024, 1, 3), 5)


@pytest.mark.parametrize("method", ["overview", "prices", "financials", "news"])
def test_a_data_set_that_fails_is_reported_and_does_not_stop_the_others(
    method: str, app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.failing[f"{method} AAPL"] = RateLimitError("enough for today")

    answer = app.ingest()

    (failure,) = answer.failed
    assert (failure.ticker, failure.data_set, failure.reason, failure.transient) == (
        "AAPL", method, "enough for today", True,
    )  # fmt: skip
    failed = [each for each in publisher.heard if isinstance(each, IngestionFailed)]
    assert failed == [
        IngestionFailed(
            at=NOW,
            ticker="AAPL",
            data_set=DataSet(method),
            reason="enough for today",
            transient=True,
        )
    ]
    assert set(freshness(app, "AAPL")) == set(DataSet) - {DataSet(method)}
    assert not app.is_ingested()


def test_a_listing_that_fails_is_reported_and_does_not_stop_the_companies(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.failing["assets"] = PayloadError("not a list")

    answer = app.ingest()

    assert [(each.ticker, each.data_set) for each in answer.failed] == [(None, "listing")]
    assert answer.stored["prices"] == 5
    assert (
        IngestionFailed(at=NOW, data_set="listing", reason="not a list", transient=False)
        in publisher.heard
    )


def test_what_failed_is_completed_by_the_next_run(app: App, provider: FakeProvider) -> None:
    provider.failing["prices"] = ProviderUnavailableError("down")
    app.ingest()
    provider.failing.clear()

    answer = app.ingest()

    assert answer.changed["prices"] == 5
    assert app.is_ingested()


def test_some_data_sets_of_some_companies_can_be_chosen(app: App, spied: SpiedStore) -> None:
    answer = app.ingest(tickers=["brk.b"], data_sets=[DataSet.PRICES])

    assert answer.stored == {"prices": 1}
    assert not app.is_ingested()
    assert ("TimeSeries", "BRK.B#1d", "2024-01-01") in spied.contents()
    assert ("Assets", "AAPL") not in spied.contents()


def test_a_ticker_that_can_be_none_is_refused(app: App) -> None:
    with pytest.raises(InputError, match="ticker: 'no ticker' is no ticker"):
        app.ingest(tickers=["no ticker"])


def test_asking_about_a_company_that_nobody_knows_does_not_make_one(
    app: App, spied: SpiedStore, provider: FakeProvider
) -> None:
    provider.failing["prices NONE"] = PayloadError("no such symbol")

    answer = app.ingest(tickers=["NONE"])

    assert len(answer.failed) == 1
    assert spied.contents() == {}


def test_of_two_listings_with_one_ticker_the_first_counts(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    provider.listing += [Asset(ticker="AAPL", name="Another Apple")]

    answer = app.ingest()

    assert answer.stored["listing"] == 4
    assert spied.contents()["Assets", "AAPL"]["name"] == "Apple Inc."


def test_of_two_reports_with_one_key_the_last_counts_and_stays(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    twice = [income("AAPL", "2023-09-30", "1"), income("AAPL", "2023-09-30", "2")]
    provider.reports["AAPL"] = Financials(twice)
    app.ingest()
    written = spied.writes

    app.ingest()

    assert spied.written[written:] == []
    found = app.get_financials("AAPL").items
    assert [each.values["totalRevenue"] for each in found] == [Decimal(2)]


def test_progress_is_reported_up_to_the_last_unit_of_every_data_set(
    app: App, provider: FakeProvider
) -> None:
    provider.listing = [Asset(ticker=f"T{number}") for number in range(1001)]
    heard: dict[str, list[tuple[int, int]]] = {}

    app.ingest(lambda name, done, total: heard.setdefault(name, []).append((done, total)))

    assert heard.pop("listing") == [(500, 1001), (1000, 1001), (1001, 1001)]
    assert heard == {name: [(1, 3), (2, 3), (3, 3)] for name in DataSet}


def test_where_too_many_are_covered_to_tell_only_the_listing_is_ingested(
    app: App, provider: FakeProvider
) -> None:
    provider.covering = None

    assert app.ingest().stored == {"listing": 4}


def test_news_that_came_by_way_of_another_company_are_announced_when_it_is_looked_at(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.covering = ["AAPL"]
    app.ingest()
    publisher.heard, provider.covering = [], ["AAPL", "BRK.B"]

    app.ingest()
    first = [each for each in publisher.heard if isinstance(each, NewsIngested)]
    app.ingest()

    assert [(each.ticker, each.count) for each in first] == [("BRK.B", 1)]
    assert [each for each in publisher.heard if isinstance(each, NewsIngested)] == first
    rating = app.get_asset("BRK.B").insights.sentiment
    assert rating is not None
    assert rating.as_of == freshness(app, "BRK.B")[DataSet.NEWS].as_of


def test_news_that_came_by_way_of_another_company_since_are_announced_once(
    app: App, provider: FakeProvider, publisher: AttentivePublisher, clock: SetClock
) -> None:
    app.ingest()
    provider.at += timedelta(days=2)
    provider.articles.append(article("Both again", "2024-01-09T10:00", "AAPL", "BRK.B"))
    app.ingest(tickers=["AAPL"])
    publisher.heard = []

    for _ in range(2):
        provider.at += timedelta(hours=1)
        app.ingest(tickers=["BRK.B"])

    assert [type(each) for each in publisher.heard] == [NewsIngested, NewsSentimentAnalyzed]
    rating = app.get_asset("BRK.B").insights.sentiment
    assert rating is not None
    assert (rating.as_of, rating.sample_size) == (date(2024, 1, 10), 2)
