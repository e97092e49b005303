"""A notification is claimed once, listed for its user, and gone when its user is."""

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.reports import ReportKind
from signal9_core.domain.users import Notification, User
from signal9_core.events import FinancialDataIngested
from signal9_core.ports import ABSENT, Item
from signal9_core.repositories.notifications import NotificationRepository
from signal9_core.repositories.reports import FinancialsRepository
from signal9_core.repositories.users import SubscriptionRepository, UserRepository
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.storing import store_reports
from tests.core.test_publishers import notification
from tests.fakes import NOW, SetClock, income
from tests.spied import SpiedStore, StoppedError

USER = "auth0|1"


@pytest.fixture
def notifications(spied: SpiedStore, clock: SetClock) -> NotificationRepository:
    return NotificationRepository(spied, clock)


def claim(notifications: NotificationRepository, *claimed: Notification) -> list[Notification]:
    return notifications.claim((notification, NOW) for notification in claimed)


def listed(notifications: NotificationRepository, user_id: str = USER) -> list[str]:
    return [stored.notification.ticker for stored in notifications.of_user(user_id)]


def test_a_notification_is_claimed_once_and_again_three_months_later(
    notifications: NotificationRepository, clock: SetClock
) -> None:
    first, second = notification("AAPL"), notification("MSFT")

    assert claim(notifications, first, first) == [first]
    assert claim(notifications, first, second) == [second]
    clock.move(days=89)
    assert claim(notifications, first) == []
    clock.move(days=2)
    assert claim(notifications, first) == [first]


def test_of_two_that_claim_at_once_a_single_one_gets_it(
    notifications: NotificationRepository, spied: SpiedStore, clock: SetClock
) -> None:
    other = NotificationRepository(spied.store, clock)
    claimed: list[Notification] = []

    def meanwhile(_: TableSpec, __: Item) -> None:
        claimed.extend(claim(other, notification("AAPL")))

    spied.meanwhile = meanwhile
    claimed += claim(notifications, notification("AAPL"), notification("MSFT"))

    assert sorted(item.ticker for item in claimed) == ["AAPL", "MSFT"]
    assert sorted(listed(notifications)) == ["AAPL", "MSFT"]


def test_a_claim_that_was_stopped_midway_is_completed_by_the_next(
    notifications: NotificationRepository, spied: SpiedStore
) -> None:
    for writes in range(2):
        spied.stop_before = writes
        with pytest.raises(StoppedError):
            claim(notifications, notification("AAPL"))
        assert listed(notifications) == []
    spied.stop_before = None

    assert claim(notifications, notification("AAPL")) == [notification("AAPL")]
    assert listed(notifications) == ["AAPL"]


def test_notifications_are_listed_latest_first_across_months_and_from_a_position_on(
    notifications: NotificationRepository, clock: SetClock
) -> None:
    for ticker in ("A", "B", "C"):
        claim(notifications, notification(ticker))
        clock.move(days=20)

    assert listed(notifications) == ["C", "B", "A"]
    _, position = notifications.page(USER, limit=1)
    rest, end = notifications.page(USER, limit=2, after=position)
    assert [stored.notification.ticker for stored in rest] == ["B", "A"]
    assert end is None
    assert listed(notifications, "auth0|2") == []


def test_only_its_user_marks_a_notification_as_read_and_the_first_time_counts(
    notifications: NotificationRepository, clock: SetClock
) -> None:
    claim(notifications, notification("AAPL"))

    assert notifications.mark_read("auth0|2", "AAPL-1") is None
    notifications.mark_read(USER, "AAPL-1")
    clock.move(days=1)
    again = notifications.mark_read(USER, "AAPL-1")

    assert again is not None
    assert again.read_at == NOW
    assert list(notifications.of_user(USER)) == [again]


@pytest.mark.parametrize("returns", [False, True])
@pytest.mark.parametrize("write", range(4))
def test_a_deletion_while_notifications_are_claimed_leaves_nothing(
    notifications: NotificationRepository,
    spied: SpiedStore,
    clock: SetClock,
    write: int,
    *,
    returns: bool,
) -> None:
    users, subscriptions = UserRepository(spied), SubscriptionRepository(spied)
    ada = User(user_id="ada", watchlist=("AAPL",), created_at=NOW)
    grace = ada.model_copy(update={"user_id": "grace"})
    for user in (ada, grace):
        users.put(user, expected=ABSENT)
        subscriptions.subscribe(user)
    financials = FinancialsRepository(spied)
    store_reports(financials, "AAPL", [income("AAPL", "2023-12-31", "1")])
    notify = App(Settings(), store=spied, clock=clock).notify

    def delete_ada() -> None:
        found = users.get("ada")
        assert found is not None
        users.delete("ada", expected=found.version)
        subscriptions.unsubscribe(ada, ada.model_copy(update={"watchlist": ()}))
        notifications.forget("ada")
        if returns:
            later = NOW.replace(hour=13)
            users.put(User(user_id="ada", created_at=later), expected=ABSENT)

    start = spied.writes

    def meanwhile(_: TableSpec, __: Item) -> None:
        spied.meanwhile = None if spied.writes - start >= write else meanwhile
        if spied.meanwhile is None:
            delete_ada()

    spied.meanwhile = meanwhile
    reports = (ReportKind.INCOME_STATEMENT,)
    count = notify(FinancialDataIngested(at=NOW, ticker="AAPL", reports=reports, count=1))

    assert count == 1
    assert listed(notifications, "grace") == ["AAPL"]
    assert listed(notifications, "ada") == []
    left = [key for key in spied.contents() if "ada" in str(key)]
    assert left == ([("Users", "ada")] if returns else [])
