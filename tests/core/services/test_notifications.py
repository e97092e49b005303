from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Asset, Notification, ReportKind, User
from signal9_core.errors import PublishError
from signal9_core.events import AssetDataUpdated, FinancialDataIngested, NewsIngested
from signal9_core.ports import Item
from signal9_core.repositories.users import SubscriptionRepository
from signal9_core.schemas.users import TopicsPut, WatchlistPut
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.storing import store_articles, store_assets
from tests.fakes import NOW, SetClock, article
from tests.spied import SpiedStore

REPORTS = FinancialDataIngested(
    at=NOW, ticker="BRK.B", reports=(ReportKind.BALANCE_SHEET, ReportKind.EARNINGS), count=3
)


class Postbox:
    """A notifier that remembers every notification, however often it comes."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.broken = False

    def notify(self, notifications: Iterable[Notification]) -> None:
        if self.broken:
            raise PublishError("no topic")
        self.sent += notifications

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        return sorted((item.user_id, item.kind, item.title) for item in self.sent)


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def app(spied: SpiedStore, clock: SetClock, postbox: Postbox) -> App:
    app = App(Settings(), store=spied, notifier=postbox, clock=clock)
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
    return app


def news_ingested(ticker: str, first: str = "1970-01-01", last: str = "2024-01-07") -> NewsIngested:
    moments = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    return NewsIngested(at=NOW, ticker=ticker, first=next(moments), last=next(moments), count=1)


def test_users_are_notified_of_recent_news_about_their_companies_and_topics(
    app: App, postbox: Postbox
) -> None:
    assert app.notify(news_ingested("AAPL")) == 3
    assert app.notify(news_ingested("ZZZ")) == 1

    assert postbox.summary == [
        ("ada", "news", "Apple floats"),
        ("ada", "news", "Apple gains"),
        ("grace", "news", "Apple floats"),
        ("grace", "news", "Zed floats"),
    ]


def test_only_news_within_the_range_of_the_event_count(app: App, postbox: Postbox) -> None:
    app.notify(news_ingested("AAPL", "2024-01-06", "2024-01-06T10:00"))

    assert {title for _, _, title in postbox.summary} == {"Apple floats"}


def test_nobody_is_notified_twice_of_an_article(app: App, postbox: Postbox) -> None:
    app.notify(news_ingested("AAPL"))

    assert app.notify(news_ingested("AAPL")) == 0
    app.notify(news_ingested("BRK.B"))
    assert len(set(postbox.summary)) == len(postbox.sent) == 3


def test_of_two_runs_at_once_one_sends(app: App, postbox: Postbox, spied: SpiedStore) -> None:
    def meanwhile(_: TableSpec, __: Item) -> None:
        app.notify(news_ingested("AAPL"))

    spied.meanwhile = meanwhile
    app.notify(news_ingested("AAPL"))

    assert len(set(postbox.summary)) == len(postbox.sent) == 3


def test_a_notification_that_could_not_be_sent_is_in_the_inbox(app: App, postbox: Postbox) -> None:
    postbox.broken = True

    with pytest.raises(PublishError):
        app.notify(news_ingested("AAPL"))

    titles = {item.title for item in app.users.list_notifications("ada").items}
    assert titles == {"Apple floats", "Apple gains"}


def test_a_subscription_without_its_record_is_ignored(app: App, postbox: Postbox) -> None:
    for name in ("hedy", "deleted"):
        SubscriptionRepository(app.store).subscribe(
            User(user_id=name, watchlist=("AAPL", "BRK.B"), created_at=NOW)
        )

    app.notify(news_ingested("AAPL"))
    app.notify(REPORTS)

    assert {user_id for user_id, _, _ in postbox.summary} == {"ada", "grace"}


def test_users_who_watch_a_company_are_notified_of_its_reports_once(
    app: App, postbox: Postbox
) -> None:
    app.notify(REPORTS)
    app.notify(REPORTS)

    assert postbox.summary == [("ada", "financials", "BRK.B: new balance sheet, earnings")]


def test_other_events_notify_nobody(app: App, postbox: Postbox) -> None:
    assert app.notify(AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="overview")) == 0
    assert not postbox.sent
