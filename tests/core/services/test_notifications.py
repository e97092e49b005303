"""Events become notifications in inboxes: of what is recent, once for each user."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import Asset
from signal9_core.domain.reports import Period, ReportKind
from signal9_core.domain.users import User
from signal9_core.events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    PricesUpdated,
    RestatedPeriod,
)
from signal9_core.ports import Item
from signal9_core.repositories.users import SubscriptionRepository
from signal9_core.schemas.users import NotificationAnswer, TopicsPut, WatchlistPut
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.storing import store_articles, store_assets, store_reports
from tests.fakes import NOW, SetClock, article, income, series
from tests.spied import SpiedStore

REPORTS = FinancialDataIngested(
    at=NOW, ticker="BRK.B", reports=(ReportKind.BALANCE_SHEET, ReportKind.INCOME_STATEMENT), count=3
)
USERS = ("ada", "grace", "hedy")


@pytest.fixture
def app(spied: SpiedStore, clock: SetClock) -> App:
    app = App(Settings(), store=spied, clock=clock)
    store_assets(app.assets, [Asset(ticker=ticker) for ticker in ("AAPL", "BRK.B", "MSFT", "ZZZ")])
    app.users.put_watchlist("ada", WatchlistPut(watchlist=["AAPL", "BRK.B"]))
    app.users.put_watchlist("grace", WatchlistPut(watchlist=["MSFT"]))
    app.users.put_topics("grace", TopicsPut(topics=["ipo"]))
    app.users.get("hedy")
    store_articles(
        app.news,
        [
            article("Apple was founded", "1976-04-01T10:00", "AAPL"),
            article("Apple gains", "2024-01-05T10:00", "AAPL", "BRK.B"),
            article("Apple floats", "2024-01-06T10:00", "AAPL", topics=("ipo",)),
            article("Zed floats", "2024-01-06T11:00", "ZZZ", topics=("ipo",)),
            article("Zed closes", "2024-01-06T12:00", "ZZZ"),
        ],
    )
    store_reports(app.financials, "BRK.B", [income("BRK.B", "2023-12-31", "1")])
    return app


def news_ingested(ticker: str, first: str = "1970-01-01", last: str = "2024-01-07") -> NewsIngested:
    moments = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    return NewsIngested(at=NOW, ticker=ticker, first=next(moments), last=next(moments), count=1)


def prices_updated(ticker: str, *, at: datetime = NOW) -> PricesUpdated:
    first, last = date(2020, 1, 1), date(2024, 1, 5)
    return PricesUpdated(at=at, ticker=ticker, first=first, last=last, count=2)


def inbox(app: App, user_id: str) -> list[NotificationAnswer]:
    return list(app.users.list_notifications(user_id).items)


def titles(app: App) -> list[tuple[str, str]]:
    return sorted((user, found.title) for user in USERS for found in inbox(app, user))


def test_users_are_notified_of_recent_news_about_their_companies_and_topics(app: App) -> None:
    assert app.notify(news_ingested("AAPL")) == 3
    assert app.notify(news_ingested("ZZZ")) == 1

    assert titles(app) == [
        ("ada", "Apple floats"),
        ("ada", "Apple gains"),
        ("grace", "Apple floats"),
        ("grace", "Zed floats"),
    ]


def test_a_first_ingest_of_ten_years_notifies_nobody(app: App) -> None:
    years = [article(f"In {year}", f"{year}-03-01T10:00", "MSFT") for year in range(2013, 2024)]
    store_articles(app.news, years)
    store_reports(app.financials, "MSFT", [income("MSFT", "2023-06-30", "1")])
    app.prices.merge(series("MSFT", day_20131227="10", day_20131230="20"))

    events: list[Event] = [
        news_ingested("MSFT"),
        prices_updated("MSFT"),
        FinancialDataIngested(
            at=NOW, ticker="MSFT", reports=(ReportKind.INCOME_STATEMENT,), count=40
        ),
    ]

    assert [app.notify(event) for event in events] == [0, 0, 0]


def test_only_news_within_the_range_of_the_event_count(app: App) -> None:
    app.notify(news_ingested("AAPL", "2024-01-06", "2024-01-06T10:00"))

    assert {title for _, title in titles(app)} == {"Apple floats"}


def test_nobody_is_notified_twice_of_an_article(app: App) -> None:
    app.notify(news_ingested("AAPL"))

    assert app.notify(news_ingested("AAPL")) == 0
    assert app.notify(news_ingested("BRK.B")) == 0
    assert len(titles(app)) == 3


def test_of_two_runs_at_once_each_notification_is_new_to_one(app: App, spied: SpiedStore) -> None:
    counts = []

    def meanwhile(_: TableSpec, __: Item) -> None:
        counts.append(app.notify(news_ingested("AAPL")))

    spied.meanwhile = meanwhile
    counts.append(app.notify(news_ingested("AAPL")))

    assert sum(counts) == len(titles(app)) == 3


def test_a_subscription_without_its_record_is_ignored(app: App) -> None:
    for name in ("hedy", "deleted"):
        SubscriptionRepository(app.store).subscribe(
            User(user_id=name, watchlist=("AAPL", "BRK.B"), created_at=NOW)
        )

    app.notify(news_ingested("AAPL"))
    app.notify(REPORTS)

    assert {user for user, _ in titles(app)} == {"ada", "grace"}


def test_users_who_watch_a_company_are_notified_of_its_recent_reports_once(app: App) -> None:
    app.notify(REPORTS)
    app.notify(REPORTS)

    (found,) = inbox(app, "ada")
    assert (found.kind, found.title) == ("financials", "BRK.B: new income statement")
    assert found.url == "/api/v1/financials/BRK.B?report=income_statement&period=annual"
    assert not inbox(app, "grace")


def test_users_who_watch_a_company_are_notified_of_restatements_once(app: App) -> None:
    restated = FinancialDataRestated(
        at=NOW,
        ticker="BRK.B",
        reports=(ReportKind.INCOME_STATEMENT,),
        periods=(
            RestatedPeriod(
                report=ReportKind.INCOME_STATEMENT,
                period=Period.ANNUAL,
                fiscal_date_ending=date(2022, 12, 31),
            ),
        ),
    )

    assert [app.notify(restated), app.notify(restated)] == [1, 0]

    (entry,) = inbox(app, "ada")
    assert entry.title == "BRK.B: restated income statement, latest of 2022-12-31"
    assert entry.url == "/api/v1/financials/BRK.B?report=income_statement&period=annual"


@pytest.mark.parametrize(
    ("closes", "split", "title"),
    [
        (("100", "94.99"), None, "AAPL: -5.0% to 94.99 on 2024-01-05"),
        (("100", "105"), None, "AAPL: +5.0% to 105.00 on 2024-01-05"),
        (("100", "104.99"), None, None),
        (("100", "50"), "2", None),
        (("100", "55"), "2", "AAPL: +10.0% to 55.00 on 2024-01-05"),
    ],
)
def test_a_large_change_of_the_price_notifies_those_who_watch(
    app: App, closes: tuple[str, str], split: str | None, title: str | None
) -> None:
    before, last = date(2024, 1, 4), date(2024, 1, 5)
    app.prices.merge(series("AAPL", day_20240104=closes[0], day_20240105=closes[1]))
    app.actions.note_coverage("AAPL", (before, last))
    if split:
        ratio = Decimal(split)
        action = CorporateAction(ticker="AAPL", kind="split", ex_date=last, ratio=ratio)
        app.actions.sync([action])

    app.notify(prices_updated("AAPL"))
    app.notify(prices_updated("AAPL", at=NOW + timedelta(hours=1)))

    url = "/api/v1/assets/AAPL/prices?from=2024-01-04&to=2024-01-05"
    expected = [] if title is None else [("prices", title, url)]
    assert [(found.kind, found.title, found.url) for found in inbox(app, "ada")] == expected


def test_a_change_without_known_splits_notifies_nobody(app: App) -> None:
    app.prices.merge(series("AAPL", day_20240104="100", day_20240105="50"))

    assert app.notify(prices_updated("AAPL")) == 0


def test_the_url_of_an_article_leads_to_it(app: App) -> None:
    app.notify(news_ingested("BRK.B"))

    (found,) = inbox(app, "ada")
    assert app.list_news.get(found.url.removeprefix("/api/v1/news/")).title == "Apple gains"


def test_a_title_is_cut_to_one_line(app: App) -> None:
    long = article(f"Gains\n{'x' * 1_000}", "2024-01-06T10:00", "BRK.B")
    store_articles(app.news, [long])

    app.notify(news_ingested("BRK.B", "2024-01-06"))

    (found,) = inbox(app, "ada")
    assert found.title == f"Gains {'x' * 294}"


def test_other_events_notify_nobody(app: App) -> None:
    assert app.notify(AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="overview")) == 0
    assert not titles(app)
