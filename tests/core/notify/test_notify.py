from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from signal9_core.domain import Notification, ReportKind, User
from signal9_core.errors import PublishError
from signal9_core.events import AssetDataUpdated, FinancialDataIngested, NewsIngested
from signal9_core.ports import ABSENT
from signal9_core.repositories import (
    NewsRepository,
    NotificationRepository,
    SubscriptionRepository,
    UserRepository,
)
from signal9_core.services.notifications import NotifySubscribers
from tests.fakes import NOW, SetClock, article
from tests.spied import SpiedStore

Told = tuple[str, str, str]


class Postbox:
    """A notifier that keeps every notification, however often it comes."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.broken = False

    def notify(self, notifications: Iterable[Notification]) -> None:
        given = list(notifications)
        refused = given[1:] if self.broken else []
        self.sent += given[: len(given) - len(refused)]
        if refused:
            raise PublishError("throttled", refused)

    def told(self) -> list[Told]:
        return sorted((each.user_id, each.kind, each.title) for each in self.sent)


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def notify(spied: SpiedStore, postbox: Postbox) -> NotifySubscribers:
    users, followers = UserRepository(spied), SubscriptionRepository(spied)
    for user in (
        User(user_id="ada", watchlist=("AAPL", "BRK.B"), created_at=NOW),
        User(user_id="grace", topics=("ipo",), watchlist=("MSFT",), created_at=NOW),
        User(user_id="hedy", created_at=NOW),
    ):
        users.put(user, expected=ABSENT)
        followers.subscribe(user)
    NewsRepository(spied).sync(
        [
            article("Apple gains", "2024-01-05T10:00", "AAPL", "BRK.B"),
            article("Apple floats", "2024-01-06T10:00", "AAPL", topics=("ipo",)),
            article("Zed floats", "2024-01-06T11:00", "ZZZ", topics=("ipo",)),
            article("Zed closes", "2024-01-06T12:00", "ZZZ"),
        ]
    )
    return NotifySubscribers(
        users, followers, NewsRepository(spied), NotificationRepository(spied, SetClock()), postbox
    )


def news_ingested(ticker: str, first: str = "2024-01-05", last: str = "2024-01-07") -> NewsIngested:
    start, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, last))
    return NewsIngested(at=NOW, ticker=ticker, first=start, last=end, count=1)


def test_those_who_watch_a_company_or_a_topic_hear_of_its_news(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    assert notify(news_ingested("AAPL")) == 3
    assert postbox.told() == [
        ("ada", "news", "Apple floats"),
        ("ada", "news", "Apple gains"),
        ("grace", "news", "Apple floats"),
    ]
    assert {each.ticker for each in postbox.sent} == {"AAPL"}


def test_who_follows_a_topic_hears_of_companies_that_nobody_watches(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    notify(news_ingested("ZZZ"))

    assert postbox.told() == [("grace", "news", "Zed floats")]


def test_only_news_within_the_span_of_the_event_are_told(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    notify(news_ingested("AAPL", "2024-01-06", "2024-01-06T10:00"))

    assert {title for _, _, title in postbox.told()} == {"Apple floats"}


def test_nobody_is_told_twice_when_an_event_is_repeated(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    notify(news_ingested("AAPL"))

    assert notify(news_ingested("AAPL")) == 0
    assert len(postbox.sent) == 3


def test_nobody_is_told_twice_of_an_article_about_two_companies_they_watch(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    notify(news_ingested("AAPL"))
    notify(news_ingested("BRK.B"))

    assert [told for told in postbox.told() if told[0] == "ada"] == [
        ("ada", "news", "Apple floats"),
        ("ada", "news", "Apple gains"),
    ]


def test_only_what_could_not_be_sent_is_sent_when_the_event_is_repeated(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    postbox.broken = True
    with pytest.raises(PublishError):
        notify(news_ingested("AAPL"))

    postbox.broken = False

    assert notify(news_ingested("AAPL")) == 2
    assert len(postbox.sent) == len({each.id for each in postbox.sent}) == 3


def test_a_list_of_followers_that_is_behind_misleads_nobody(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    notify.subscriptions.subscribe(User(user_id="hedy", watchlist=("AAPL",), created_at=NOW))
    notify.subscriptions.subscribe(User(user_id="gone", watchlist=("AAPL",), created_at=NOW))

    notify(news_ingested("AAPL", "2024-01-05", "2024-01-05T10:00"))
    notify(FinancialDataIngested(at=NOW, ticker="AAPL", reports=(ReportKind.EARNINGS,), count=1))

    assert {user_id for user_id, _, _ in postbox.told()} == {"ada"}


def test_those_who_watch_a_company_hear_of_its_reports_once(
    notify: NotifySubscribers, postbox: Postbox
) -> None:
    event = FinancialDataIngested(
        at=NOW,
        ticker="BRK.B",
        reports=(ReportKind.BALANCE_SHEET, ReportKind.EARNINGS),
        count=3,
    )

    notify(event)
    notify(event)

    assert postbox.told() == [("ada", "financials", "BRK.B: new balance sheet, earnings")]


def test_other_events_concern_nobody(notify: NotifySubscribers, postbox: Postbox) -> None:
    assert notify(AssetDataUpdated(at=NOW, tickers=("AAPL",), data_set="overview")) == 0
    assert not postbox.sent
