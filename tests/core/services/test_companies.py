"""Companies are found however they are typed, listed by name, and shown in full."""

from datetime import date
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, DataSet
from signal9_core.errors import NotFoundError, StoreUnavailableError
from signal9_core.repositories.companies import ListingRepository
from signal9_core.schemas.companies import AssetSummary
from signal9_core.services import queries as module
from signal9_core.services.queries import CompanyFinder
from tests.core.storing import store_assets
from tests.fakes import FakeProvider


def test_companies_are_listed_by_name_with_their_sector(full: App) -> None:
    assert full.list_assets(limit=2).items == [
        AssetSummary(ticker="AAPL", name="Apple Inc.", exchange="NASDAQ", sector="TECHNOLOGY"),
        AssetSummary(
            ticker="BRK.B", name="Berkshire Hathaway Inc.", exchange="NYSE", sector="FINANCE"
        ),
    ]


@pytest.mark.parametrize(
    ("exchange", "sector", "tickers"),
    [
        ("nyse", None, ["BRK.B", "ZZZ"]),
        (None, "Technology", ["AAPL"]),
        ("NYSE", "technology", []),
        ("", "", ["AAPL", "BRK.B", "MSFT", "ZZZ"]),
    ],
)
def test_companies_can_be_chosen_by_exchange_and_sector_in_any_case(
    exchange: str | None, sector: str | None, tickers: list[str], full: App
) -> None:
    answer = full.list_assets(exchange=exchange, sector=sector)

    assert [asset.ticker for asset in answer.items] == tickers
    assert answer.next_cursor is None


def test_companies_can_be_listed_by_ticker_in_the_order_asked_for(full: App) -> None:
    answer = full.list_assets.named(["msft", "NOPE", "AAPL", "MSFT"])

    assert [asset.ticker for asset in answer.items] == ["MSFT", "AAPL"]
    assert answer.unknown == ["NOPE"]


def test_one_company_is_shown_in_full(full: App) -> None:
    answer = full.get_asset("AAPL")

    assert (answer.name, answer.exchange, answer.sector) == ("Apple Inc.", "NASDAQ", "TECHNOLOGY")
    assert (answer.cik, answer.market_capitalization) == ("320193", Decimal(1))
    assert set(answer.freshness) == set(DataSet)
    assert answer.freshness[DataSet.PRICES].as_of == date(2024, 1, 3)
    assert answer.freshness[DataSet.PRICES].source == "fake"
    assert answer.insights.no_range_reason is not None
    assert answer.insights.sentiment is not None


def test_a_company_of_which_little_is_known_is_shown_with_gaps(full: App) -> None:
    answer = full.get_asset("ZZZ")

    assert (answer.name, answer.sector, answer.market_capitalization) == (None, None, None)
    assert answer.freshness == {}


def test_what_the_listing_lacks_is_taken_from_the_overview(
    app: App, provider: FakeProvider
) -> None:
    provider.listing = [Asset(ticker="AAPL", exchange="NYSE")]
    provider.overviews["AAPL"] = provider.overviews["AAPL"].model_copy(
        update={"name": "Apple", "exchange": "NASDAQ", "cik": "320193"}
    )
    app.ingest()

    answer = app.get_asset("AAPL")

    assert (answer.name, answer.exchange, answer.cik) == ("Apple", "NYSE", "320193")


@pytest.mark.parametrize("spelling", ["brk.b", " BRK.B ", "brk-b"])
def test_a_ticker_may_be_spelled_in_several_ways(spelling: str, full: App) -> None:
    assert full.get_asset(spelling).ticker == "BRK.B"
    assert full.get_prices(spelling).ticker == "BRK.B"
    assert full.get_financials(spelling).ticker == "BRK.B"
    assert full.list_news(ticker=spelling).items


@pytest.mark.parametrize("query", ["get_asset", "get_prices", "get_financials"])
def test_an_unknown_ticker_comes_with_similar_ones(query: str, full: App) -> None:
    with pytest.raises(NotFoundError) as caught:
        getattr(full, query)("APPL")

    assert caught.value.value == "APPL"
    assert "AAPL" in caught.value.nearest
    assert len(caught.value.nearest) <= 3


def test_companies_are_found_by_ticker_and_by_name(full: App) -> None:
    assert full.search("BRK.B").items[0].ticker == "BRK.B"
    assert full.search("micros").items[0].name == "Microsoft Corporation"
    assert len(full.search("a", limit=1).items) == 1


def test_a_search_finds_what_was_ingested_since(full: App, provider: FakeProvider) -> None:
    assert not full.search("Tesla").items
    provider.listing.append(Asset(ticker="TSLA", name="Tesla Inc."))

    full.ingest()

    assert full.search("Tesla").items[0].ticker == "TSLA"


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: 60 * now[0])
    return now


def first(app: App, query: str) -> str | None:
    items = app.search(query).items
    return items[0].ticker if items else None


def publish(app: App, ticker: str, name: str) -> None:
    """Have another process add a company and publish the listing."""
    store_assets(app.assets, [Asset(ticker=ticker, name=name)])
    CompanyFinder(app.assets, ListingRepository(app.store)).update(publish=True)


def test_a_newer_listing_is_found_within_a_minute(app: App, minutes: list[float]) -> None:
    publish(app, "AAA", "Aardvark")
    assert first(app, "aardvark") == "AAA"
    index = app.finder.index()
    minutes[0] += 1
    assert app.finder.index() is index
    publish(app, "BBB", "Beaver")

    assert first(app, "beaver") is None
    minutes[0] += 1
    assert first(app, "beaver") == "BBB"


def test_companies_are_found_before_any_listing_is_published(app: App) -> None:
    store_assets(app.assets, [Asset(ticker="AAA", name="Aardvark")])

    assert first(app, "aardvark") == "AAA"


def test_an_unavailable_store_does_not_end_searching(
    app: App, minutes: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(app, "AAA", "Aardvark")
    assert first(app, "aardvark") == "AAA"

    def fail(_: ListingRepository) -> str:
        raise StoreUnavailableError("throttled")

    monkeypatch.setattr(ListingRepository, "version", fail)
    minutes[0] += 1

    assert first(app, "aardvark") == "AAA"
