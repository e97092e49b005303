from datetime import date
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Asset, DataSet, Period, ReportKind
from signal9_core.errors import ProviderUnavailableError
from signal9_core.repositories import AssetRepository
from signal9_core.schemas import AssetSummary
from tests.fakes import NOW, FakeProvider


def test_companies_are_listed_by_name_with_their_sector(full: App) -> None:
    assert full.list_assets(limit=2).items == [
        AssetSummary(ticker="AAPL", name="Apple Inc.", exchange="NASDAQ", sector="TECHNOLOGY"),
        AssetSummary(
            ticker="BRK.B", name="Berkshire Hathaway Inc.", exchange="NYSE", sector="FINANCE"
        ),
    ]


@pytest.mark.parametrize(
    ("exchange", "sector", "found"),
    [
        ("nyse", None, ["BRK.B", "ZZZ"]),
        (None, "Technology", ["AAPL"]),
        ("NASDAQ", "technology", ["AAPL"]),
        ("NYSE", "technology", []),
        ("", "", ["AAPL", "BRK.B", "MSFT", "ZZZ"]),
    ],
)
def test_companies_can_be_chosen_by_exchange_and_sector_in_any_case(
    exchange: str | None, sector: str | None, found: list[str], full: App
) -> None:
    answer = full.list_assets(exchange=exchange, sector=sector)

    assert [each.ticker for each in answer.items] == found
    assert answer.next_cursor is None


def test_one_company_is_shown_in_full(full: App) -> None:
    answer = full.get_asset("AAPL")

    assert (answer.name, answer.exchange, answer.sector) == ("Apple Inc.", "NASDAQ", "TECHNOLOGY")
    assert (answer.cik, answer.market_capitalization) == ("320193", Decimal(1))
    assert set(answer.freshness) == set(DataSet)
    assert answer.freshness[DataSet.PRICES].as_of == date(2024, 1, 3)
    assert answer.freshness[DataSet.PRICES].source == "fake"
    assert answer.insights.range_52_weeks is not None
    assert answer.insights.sentiment is not None


def test_a_company_of_which_little_is_known_is_shown_with_gaps(full: App) -> None:
    answer = full.get_asset("ZZZ")

    assert (answer.name, answer.sector, answer.market_capitalization) == (None, None, None)
    assert answer.freshness == {}


def test_what_the_listing_lacks_is_taken_from_the_description(
    app: App, provider: FakeProvider
) -> None:
    provider.listing = [Asset(ticker="AAPL")]
    provider.overviews["AAPL"] = provider.overviews["AAPL"].model_copy(
        update={"name": "Apple", "exchange": "NASDAQ", "cik": "320193"}
    )
    app.ingest()

    answer = app.get_asset("AAPL")

    assert (answer.name, answer.exchange, answer.cik) == ("Apple", "NASDAQ", "320193")


def test_news_is_listed_newest_first_with_its_tone(full: App) -> None:
    answer = full.list_news()

    assert [each.title for each in answer.items] == [
        "Microsoft slips",
        "Apple gains",
        "Apple and Berkshire",
    ]
    microsoft, _, scored = answer.items
    assert (microsoft.sentiment, microsoft.label, microsoft.scored_by) == (
        Decimal("-0.2"),
        "Somewhat-Bearish",
        None,
    )
    assert scored.scored_by == "lexicon"
    assert [(each.ticker, each.relevance) for each in scored.tickers] == [
        ("AAPL", Decimal("0.5")),
        ("BRK.B", Decimal("0.5")),
    ]


def test_news_can_be_chosen_by_company_topic_and_days(full: App) -> None:
    def titles(**parameters: object) -> list[str]:
        return [each.title for each in full.list_news(**parameters).items]  # type: ignore[arg-type]

    assert titles(ticker="BRK.B") == ["Apple and Berkshire"]
    assert titles(topic="Finance") == ["Apple and Berkshire"]
    assert titles(ticker="AAPL", topic="technology") == ["Apple gains"]
    assert titles(ticker="MSFT", topic="technology") == []
    assert titles(first=date(2024, 1, 5), last=date(2024, 1, 5)) == ["Apple gains"]
    assert titles(last=date(2023, 12, 29)) == ["Apple and Berkshire"]
    assert titles(first=date(2024, 1, 7)) == []


def test_news_pages_end_with_the_last_match(full: App) -> None:
    first = full.list_news(topic="finance", limit=1)
    two = full.list_news(limit=2)
    last = full.list_news(limit=2, cursor=two.next_cursor)

    assert (len(first.items), first.next_cursor) == (1, None)
    assert [each.title for each in last.items] == ["Apple and Berkshire"]
    assert last.next_cursor is None


def test_reports_are_listed_newest_first_with_gaps_and_unknown_fields(full: App) -> None:
    answer = full.get_financials("AAPL")

    assert (answer.report, answer.period) == (ReportKind.INCOME_STATEMENT, Period.ANNUAL)
    assert [(each.fiscal_date_ending, each.currency, each.values) for each in answer.items] == [
        (date(2023, 9, 30), "USD", {"totalRevenue": Decimal(383285000000)}),
        (
            date(2022, 9, 24),
            "USD",
            {"totalRevenue": Decimal(394328000000), "otherNonCurrrentAssets": Decimal(12)},
        ),
    ]


def test_reports_can_be_paged_and_chosen_by_kind_and_period(full: App) -> None:
    first = full.get_financials("AAPL", limit=1)
    second = full.get_financials("AAPL", limit=1, cursor=first.next_cursor)
    earnings = full.get_financials("AAPL", report=ReportKind.EARNINGS, period=Period.QUARTERLY)

    assert [each.fiscal_date_ending.year for each in (*first.items, *second.items)] == [2023, 2022]
    assert second.next_cursor is None
    assert earnings.items[0].values == {"reportedEPS": Decimal("1.46")}
    assert not full.get_financials("AAPL", report=ReportKind.CASH_FLOW).items


def test_companies_are_found_by_ticker_and_by_name(full: App) -> None:
    assert full.search("BRK.B").items[0].ticker == "BRK.B"
    assert full.search("micros").items[0].name == "Microsoft Corporation"
    assert len(full.search("a", limit=1).items) == 1


def test_a_search_knows_what_was_ingested_since(full: App, provider: FakeProvider) -> None:
    assert not full.search("Tesla").items
    provider.listing.append(Asset(ticker="TSLA", name="Tesla Inc."))

    full.ingest()

    assert full.search("Tesla").items[0].ticker == "TSLA"


def test_the_status_counts_what_is_stored_and_how_fresh_it_is(
    app: App, provider: FakeProvider
) -> None:
    before = app.get_status()
    app.ingest()
    after = app.get_status()

    assert (before.assets, before.ingested_at, before.notice) == (0, None, "Made up.")
    assert {each.companies for each in before.data_sets.values()} == {0}
    assert (after.assets, after.ingested_at, after.provider) == (4, NOW, "fake")
    prices = after.data_sets[DataSet.PRICES]
    assert (prices.companies, prices.count) == (2, 5)
    assert (prices.oldest, prices.newest) == (date(2024, 1, 2), date(2024, 1, 3))
    assert (prices.sources, prices.incomplete) == (["fake"], 0)
    assert after.data_sets[DataSet.NEWS].count == 4


def test_the_status_counts_what_is_incomplete(full: App) -> None:
    assets = AssetRepository(full.store)
    found = assets.get("AAPL")
    assert found is not None
    partly = found.freshness[DataSet.PRICES].model_copy(update={"complete": False})
    assets.change(
        "AAPL",
        lambda old: old.model_copy(update={"freshness": {**old.freshness, DataSet.PRICES: partly}}),
    )

    assert full.get_status().data_sets[DataSet.PRICES].incomplete == 1


def test_an_ingest_that_failed_in_part_is_no_finished_one(app: App, provider: FakeProvider) -> None:
    provider.failing["news"] = ProviderUnavailableError("down")

    app.ingest()

    assert app.get_status().ingested_at is None
