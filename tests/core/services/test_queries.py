from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import DataSet
from signal9_core.domain.prices import Interval
from signal9_core.domain.reports import Period, ReportKind
from signal9_core.errors import (
    InputError,
    ProviderUnavailableError,
    SettingsError,
    StoreUnavailableError,
)
from signal9_core.repositories.state import StateRepository
from signal9_core.services.status import NO_DATA, NO_KEY, ListProblems
from signal9_core.settings import Settings
from tests.fakes import NOW, FakeProvider, SetClock
from tests.spied import SpiedStore

Query = Callable[[App], object]


def test_news_is_listed_newest_first_with_its_sentiment(full: App) -> None:
    answer = full.list_news()

    assert [article.title for article in answer.items] == [
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
    assert [(tone.ticker, tone.relevance) for tone in scored.tickers] == [
        ("AAPL", Decimal("0.5")),
        ("BRK.B", Decimal("0.5")),
    ]


@pytest.mark.parametrize(
    ("parameters", "titles"),
    [
        ({"ticker": "BRK.B"}, ["Apple and Berkshire"]),
        ({"topic": "Finance"}, ["Apple and Berkshire"]),
        ({"ticker": "AAPL", "topic": "technology"}, ["Apple gains"]),
        ({"ticker": "MSFT", "topic": "technology"}, []),
        ({"first": date(2024, 1, 5), "last": date(2024, 1, 5)}, ["Apple gains"]),
        ({"last": date(2023, 12, 29)}, ["Apple and Berkshire"]),
        ({"first": date(2024, 1, 7)}, []),
    ],
)
def test_news_can_be_chosen_by_company_topic_and_days(
    parameters: dict[str, object], titles: list[str], full: App
) -> None:
    answer = full.list_news(**parameters)  # type: ignore[arg-type]

    assert [article.title for article in answer.items] == titles


def test_pages_of_news_end_with_the_last_match(full: App) -> None:
    first = full.list_news(topic="finance", limit=1)
    two = full.list_news(limit=2)
    last = full.list_news(limit=2, cursor=two.next_cursor)

    assert (len(first.items), first.next_cursor) == (1, None)
    assert [article.title for article in last.items] == ["Apple and Berkshire"]
    assert last.next_cursor is None


def test_reports_are_listed_newest_first_with_gaps_and_unknown_fields(full: App) -> None:
    answer = full.get_financials("AAPL")

    assert (answer.report, answer.period) == (ReportKind.INCOME_STATEMENT, Period.ANNUAL)
    assert [(row.fiscal_date_ending, row.currency, row.values) for row in answer.items] == [
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

    assert [row.fiscal_date_ending.year for row in (*first.items, *second.items)] == [2023, 2022]
    assert second.next_cursor is None
    assert earnings.items[0].values == {"reportedEPS": Decimal("1.46")}
    assert not full.get_financials("AAPL", report=ReportKind.CASH_FLOW).items


def test_the_status_counts_what_is_stored_and_how_fresh_it_is(
    app: App, provider: FakeProvider
) -> None:
    before = app.get_status()
    app.ingest()
    after = app.get_status()

    assert (before.assets, before.ingested_at, before.notice) == (0, None, "Made up.")
    assert {status.companies for status in before.data_sets.values()} == {0}
    assert (after.assets, after.ingested_at, after.provider) == (4, NOW, "fake")
    prices = after.data_sets[DataSet.PRICES]
    assert (prices.companies, prices.count) == (2, 5)
    assert (prices.oldest, prices.newest) == (date(2024, 1, 2), date(2024, 1, 3))
    assert (prices.sources, prices.incomplete) == (["fake"], 0)
    assert after.data_sets[DataSet.NEWS].count == 4


def test_the_status_counts_what_is_incomplete(app: App, provider: FakeProvider) -> None:
    provider.limits[DataSet.PRICES] = 2

    app.ingest()

    assert app.get_status().data_sets[DataSet.PRICES].incomplete == 1


def test_an_ingest_that_failed_in_part_is_not_finished(app: App, provider: FakeProvider) -> None:
    provider.failing["news"] = ProviderUnavailableError("down")

    app.ingest()

    assert app.get_status().ingested_at is None
    assert not app.is_ingested()


def test_a_provider_without_a_key_is_a_problem_until_it_has_one(
    spied: SpiedStore, provider: FakeProvider, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIGNAL9_ALPHAVANTAGE_KEY", raising=False)
    settings = Settings(provider="alphavantage")
    for _ in range(2):
        app = App(settings, store=spied, clock=clock)
        with pytest.raises(SettingsError, match="SIGNAL9_ALPHAVANTAGE_KEY is not set"):
            app.run()
        assert app.state.refresh_blocked_since() == NOW
        assert app.problems() == [NO_KEY]
        clock.move(hours=1)

    app = App(settings, store=spied, provider=provider, clock=clock)
    app.run()

    assert app.problems() == []


def test_problems_name_no_secret_and_no_setting() -> None:
    assert not {"SIGNAL9", "secret", "alphavantage", "alpaca"} & set(f"{NO_KEY} {NO_DATA}".split())


def test_an_unavailable_store_is_a_problem_and_not_a_failure() -> None:
    def fail() -> StateRepository:
        raise StoreUnavailableError("table signal9-prod-State is throttled")

    problems = ListProblems(fail, provider="fake", clock=SetClock(), grace=timedelta(hours=26))
    assert problems() == [NO_DATA]
    assert problems.freshness is None


def test_problems_are_read_once_in_ten_seconds(spied: SpiedStore) -> None:
    elapsed, state = [0.0], StateRepository(spied)
    problems = ListProblems(
        lambda: state,
        lambda: elapsed[0],
        provider="fake",
        clock=SetClock(),
        grace=timedelta(hours=26),
    )
    assert problems() == []
    state.note_blocked_refresh(NOW)

    elapsed[0] = 9.9
    assert problems() == []
    elapsed[0] = 10.0
    assert problems() == [NO_KEY]


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("limit", lambda app: app.list_assets(limit=0)),
        ("limit", lambda app: app.list_assets(limit=1_001)),
        ("limit", lambda app: app.get_prices("AAPL", limit=0)),
        ("limit", lambda app: app.get_prices("AAPL", limit=10_001)),
        ("limit", lambda app: app.get_financials("AAPL", limit=-1)),
        ("limit", lambda app: app.get_financials("AAPL", limit=201)),
        ("limit", lambda app: app.list_news(limit=1_001)),
        ("limit", lambda app: app.search("apple", limit=51)),
        ("tickers", lambda app: app.list_assets.named([f"T{number}" for number in range(101)])),
        ("from", lambda app: app.list_news(first=date(2024, 1, 2), last=date(2024, 1, 1))),
        ("from", lambda app: app.get_prices("AAPL", first=date(2024, 2, 1), last=date.min)),
        ("ticker", lambda app: app.get_asset("no ticker")),
        ("ticker", lambda app: app.get_prices("")),
        ("ticker", lambda app: app.get_financials("ÄÖÜ")),
        ("ticker", lambda app: app.list_news(ticker="A" * 21)),
        ("topic", lambda app: app.list_news(topic=" ?! ")),
        ("q", lambda app: app.search("  ")),
        ("q", lambda app: app.search("x" * 201)),
        ("cursor", lambda app: app.list_assets(cursor="")),
        ("cursor", lambda app: app.get_prices("AAPL", cursor="ö.ü")),
    ],
)
def test_an_invalid_parameter_is_named(field: str, query: Query, full: App) -> None:
    with pytest.raises(InputError) as caught:
        query(full)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "query",
    [
        lambda app: app.list_assets(limit=1_000),
        lambda app: app.get_prices("AAPL", limit=10_000),
        lambda app: app.get_financials("AAPL", limit=200),
        lambda app: app.list_news(limit=1_000),
        lambda app: app.search("apple", limit=50),
        lambda app: app.search("x" * 200),
        lambda app: app.list_news(first=date(2024, 1, 2), last=date(2024, 1, 2)),
    ],
)
def test_the_bounds_themselves_are_allowed(query: Query, full: App) -> None:
    assert query(full) is not None


@pytest.mark.parametrize("interval", list(Interval))
def test_a_range_may_be_the_whole_calendar(interval: Interval, full: App) -> None:
    answer = full.get_prices("AAPL", first=date.min, last=date.max, interval=interval)

    assert answer == full.get_prices("AAPL", interval=interval)
    assert full.list_news(first=date.min, last=date.max) == full.list_news()
