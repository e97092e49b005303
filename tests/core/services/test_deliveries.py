"""Notifications are sent when they are due, to everybody once, whatever fails in between."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset
from signal9_core.domain.users import Notification
from signal9_core.errors import PublishError
from signal9_core.events import NewsIngested
from signal9_core.ports import Item, Mail
from signal9_core.publishers.aws import SnsNotifier
from signal9_core.publishers.in_process import MemoryMailer
from signal9_core.repositories.notifications import NotificationRepository
from signal9_core.schemas.users import RecordPatch, WatchlistPut
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.repositories.test_on_dynamodb import on_dynamodb
from tests.core.storing import store_articles, store_assets
from tests.core.test_publishers import notification
from tests.fakes import NOW, SetClock, article
from tests.spied import SpiedStore, StoppedError

TITLES = ("Apple floats", "Apple gains", "Apple rests")


class Postbox:
    """A notifier and a mailer that remember everything, however often it comes."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.mails: list[Mail] = []
        self.refuse: Callable[[object], bool] = lambda _: False
        self.stop = False

    def notify(self, notifications: Iterable[Notification]) -> None:
        batch = list(notifications)
        self._stop()
        refused = list(filter(self.refuse, batch))
        self.sent += (each for each in batch if each not in refused)
        if refused:
            raise PublishError("throttled", refused)

    def send(self, mail: Mail) -> None:
        self._stop()
        if self.refuse(mail):
            raise PublishError("throttled")
        self.mails.append(mail)

    def _stop(self) -> None:
        if self.stop:
            raise StoppedError

    @property
    def titles(self) -> list[str]:
        return sorted(each.title for each in self.sent)


def app_of(store: SpiedStore, clock: SetClock, postbox: Postbox) -> App:
    """An application with a user who watches AAPL, about which there are articles."""
    app = App(
        Settings(app_url="https://app.example.com"),
        store=store,
        notifier=postbox,
        mailer=postbox,
        clock=clock,
    )
    store_assets(app.assets, [Asset(ticker="AAPL")])
    app.users.put_watchlist("ada", WatchlistPut(watchlist=["AAPL"]))
    hours = (10, 11, 12)
    store_articles(
        app.news,
        [
            article(title, f"2024-01-06T{hour}:00", "AAPL")
            for title, hour in zip(TITLES, hours, strict=True)
        ],
    )
    return app


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def app(spied: SpiedStore, clock: SetClock, postbox: Postbox) -> App:
    return app_of(spied, clock, postbox)


def news_ingested(*, at: datetime = NOW) -> NewsIngested:
    first = datetime(2024, 1, 6, tzinfo=UTC)
    last = first + timedelta(days=1)
    return NewsIngested(at=at, ticker="AAPL", first=first, last=last, count=3)


def choose(app: App, **fields: object) -> None:
    app.users.patch("ada", RecordPatch.model_validate({"notifications": fields}))


def inbox(app: App) -> list[str]:
    return sorted(found.title for found in app.users.list_notifications("ada").items)


def test_what_is_new_is_sent_once(app: App, postbox: Postbox) -> None:
    app.notify(news_ingested())

    first, second = app.send_notifications(), app.send_notifications()

    assert (first.notifications, second.notifications) == (3, 0)
    assert tuple(postbox.titles) == TITLES
    assert not postbox.mails


class ThrottledSns:
    """SNS, which has no room for the second notification of a batch."""

    def __init__(self) -> None:
        self.throttles = True
        self.taken: list[str] = []

    def publish_batch(self, PublishBatchRequestEntries: list[Any], **_: object) -> Any:  # noqa: N803
        failed = []
        for entry in PublishBatchRequestEntries:
            message = Notification.model_validate_json(entry["Message"])
            if self.throttles and message.title == TITLES[1]:
                failed.append({"Id": entry["Id"], "Code": "Throttled", "SenderFault": False})
            else:
                self.taken.append(message.title)
        return {"Failed": failed}


def test_a_throttled_batch_of_sns_sends_nothing_twice_and_the_inbox_has_everything(
    spied: SpiedStore, clock: SetClock
) -> None:
    sns = ThrottledSns()
    app = app_of(spied, clock, Postbox())
    app.notifier = SnsNotifier(cast("Any", sns), "topic")

    with stamina.set_testing(True, attempts=2):
        for _ in range(3):  # as EventBridge delivers an event that failed
            app.notify(news_ingested())
            app.send_notifications()
    throttled = list(sns.taken)
    sns.throttles = False
    clock.move(minutes=11)
    app.send_notifications()

    assert tuple(inbox(app)) == TITLES
    assert sorted(throttled) == [TITLES[0], TITLES[2]]
    assert tuple(sorted(sns.taken)) == TITLES


def test_what_is_refused_waits_longer_each_time_and_stays_in_the_inbox_in_the_end(
    app: App, postbox: Postbox, clock: SetClock
) -> None:
    app.notify(news_ingested())
    attempts: list[datetime] = []

    def refuse(notification: object) -> bool:
        assert isinstance(notification, Notification)
        if notification.title == TITLES[0]:
            attempts.append(clock.now)
        return True

    postbox.refuse = refuse
    answers = []
    for _ in range(20 * 24 * 6):
        answers.append(app.send_notifications())
        clock.move(minutes=10)

    waits = [later - earlier for earlier, later in pairwise(attempts)]
    assert len(attempts) == 12
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)
    assert (answers[0].refused, answers[0].reason) == (3, "throttled")
    assert tuple(inbox(app)) == TITLES


@pytest.mark.parametrize("write", range(9))
def test_what_was_claimed_before_a_crash_is_sent_by_the_next_run(
    app: App, postbox: Postbox, spied: SpiedStore, clock: SetClock, write: int
) -> None:
    spied.stop_before = spied.writes + write
    with suppress(StoppedError):
        app.notify(news_ingested())
        app.send_notifications()
    spied.stop_before = None

    clock.move(minutes=11)
    app.notify(news_ingested())
    app.send_notifications()

    assert tuple(postbox.titles) == TITLES
    assert tuple(inbox(app)) == TITLES


def test_of_two_runs_at_once_one_sends(app: App, postbox: Postbox, spied: SpiedStore) -> None:
    app.notify(news_ingested())

    def meanwhile(_: TableSpec, __: Item) -> None:
        app.send_notifications()

    spied.meanwhile = meanwhile
    app.send_notifications()

    assert tuple(postbox.titles) == TITLES


def test_a_digest_is_sent_once_a_day_in_the_users_time(
    app: App, postbox: Postbox, clock: SetClock
) -> None:
    choose(app, delivery="daily", dailyAt="07:30", timeZone="Asia/Kolkata")  # 02:00 in UTC
    app.notify(news_ingested())

    clock.now = datetime(2024, 1, 9, 1, 59, tzinfo=UTC)
    app.send_notifications()
    before = list(postbox.sent)
    clock.now = datetime(2024, 1, 9, 2, 0, tzinfo=UTC)
    app.send_notifications()

    assert not before
    assert tuple(inbox(app)) == TITLES
    assert tuple(postbox.titles) == TITLES


@pytest.mark.parametrize("chosen", ["before", "meanwhile"])
def test_nothing_is_sent_in_quiet_hours(
    app: App, postbox: Postbox, clock: SetClock, chosen: str
) -> None:
    quiet = {"quietFrom": "11:00", "quietUntil": "14:00", "timeZone": "UTC"}
    if chosen == "before":
        choose(app, **quiet)
    app.notify(news_ingested())
    if chosen == "meanwhile":
        choose(app, **quiet)

    app.send_notifications()
    before = list(postbox.sent)
    clock.move(hours=2)
    app.send_notifications()

    assert not before
    assert tuple(postbox.titles) == TITLES


@pytest.mark.parametrize("days", [-400, 400])
def test_what_was_due_by_a_clock_that_went_wrong_is_sent_now(
    app: App, postbox: Postbox, clock: SetClock, days: int
) -> None:
    wrong = NOW + timedelta(days=days)
    repository = NotificationRepository(app.store, clock)
    repository.claim([(notification("AAPL").model_copy(update={"user_id": "ada"}), wrong)])

    app.send_notifications()

    assert len(postbox.sent) == 1


def test_a_mail_lists_what_is_new_with_links(app: App, postbox: Postbox) -> None:
    app.users.get("ada", "ada@example.com")
    choose(app, email=True)
    app.notify(news_ingested())

    answer = app.send_notifications()

    (mail,) = postbox.mails
    assert (answer.mails, mail.address, mail.subject) == (
        1, "ada@example.com", "Signal9: 3 notifications",
    )  # fmt: skip
    paths = [found.url for found in app.users.list_notifications("ada").items]
    assert all(f"https://app.example.com{path}\n" in mail.text for path in paths)
    assert "change your notification settings at https://app.example.com" in mail.text
    assert len(postbox.sent) == 3


def test_a_refused_mail_is_sent_later_without_notifying_again(
    app: App, postbox: Postbox, clock: SetClock
) -> None:
    app.users.get("ada", "ada@example.com")
    choose(app, email=True)
    app.notify(news_ingested())
    postbox.refuse = lambda sent: isinstance(sent, Mail)

    refused = app.send_notifications()
    postbox.refuse = lambda _: False
    clock.move(minutes=11)
    app.send_notifications()

    assert (refused.refused, refused.mails) == (3, 0)
    assert len(postbox.mails) == 1
    assert tuple(postbox.titles) == TITLES


@pytest.mark.parametrize(
    ("address", "wanted"), [(None, True), ("", True), ("ada@example.com", False)]
)
def test_without_a_verified_address_or_a_wish_nothing_is_mailed(
    app: App, postbox: Postbox, address: str | None, wanted: bool
) -> None:
    app.users.get("ada", address)
    choose(app, email=wanted)
    app.notify(news_ingested())

    app.send_notifications()

    assert not postbox.mails
    assert tuple(postbox.titles) == TITLES


def test_a_laptop_counts_mails_that_go_nowhere(spied: SpiedStore, clock: SetClock) -> None:
    app = app_of(spied, clock, Postbox())
    del app.mailer
    app.users.get("ada", "ada@example.com")
    choose(app, email=True)
    app.notify(news_ingested())

    assert app.send_notifications().mails == 1
    assert isinstance(app.mailer, MemoryMailer)
    assert [mail.address for mail in app.mailer.sent] == ["ada@example.com"]


def test_what_a_deleted_user_waited_for_is_sent_to_nobody(app: App, postbox: Postbox) -> None:
    app.notify(news_ingested())
    app.users.delete("ada")

    assert app.send_notifications().notifications == 0
    assert not postbox.sent


def test_a_read_notification_stays_read_when_it_is_sent(app: App) -> None:
    app.notify(news_ingested())
    (found, *_) = app.users.list_notifications("ada").items
    app.users.mark_read("ada", found.id)

    app.send_notifications()

    assert len(app.users.list_notifications("ada", unread=True).items) == 2


def test_dynamodb_sends_the_same(clock: SetClock, postbox: Postbox) -> None:
    with on_dynamodb() as store:
        app = app_of(SpiedStore(store), clock, postbox)
        choose(app, delivery="daily", dailyAt="13:00")
        app.notify(news_ingested())

        assert app.send_notifications().notifications == 0
        clock.move(hours=1)
        assert app.send_notifications().notifications == 3
        assert app.send_notifications().notifications == 0

    assert tuple(postbox.titles) == TITLES


steps = st.tuples(
    st.sampled_from(("event", "late event", "send", "wait")),
    st.none() | st.integers(0, 12),  # stopped before this write
    st.sampled_from(("", "stop", *TITLES, "mail")),  # what the notifier or the mailer refuses
)


@settings(deadline=None, max_examples=80)
@given(plan=st.lists(steps, max_size=12), mailed=st.booleans(), daily=st.booleans())
def test_whatever_stops_or_is_refused_nothing_is_lost_and_nothing_told_twice(
    plan: list[tuple[str, int | None, str]], *, mailed: bool, daily: bool
) -> None:
    clock, postbox = SetClock(), Postbox()
    with opened(clock) as store:
        app = app_of(store, clock, postbox)
        app.users.get("ada", "ada@example.com")
        choose(app, email=mailed, delivery="daily" if daily else "at_once")
        repeatable: Counter[str] = Counter()
        for step, stop, refused in plan:
            before = len(postbox.sent), len(postbox.mails)
            store.stop_before = None if stop is None else store.writes + stop
            postbox.stop = refused == "stop"
            postbox.refuse = _refusing(refused)
            try:
                _take(app, step, clock)
            except StoppedError:
                # Sent, and not marked as sent: the one case in which something may come again.
                repeatable.update(each.title for each in postbox.sent[before[0] :])
                repeatable["mail"] += len(postbox.mails) - before[1]
        store.stop_before, postbox.stop = None, False
        postbox.refuse = lambda _: False
        app.notify(news_ingested())
        for _ in range(3):
            clock.move(days=1)
            app.send_notifications()

        counts = Counter(postbox.titles)
        assert tuple(inbox(app)) == TITLES
        assert set(counts) == set(TITLES)
        assert counts <= Counter(TITLES) + repeatable
        told = Counter(title for title in TITLES for mail in postbox.mails if title in mail.text)
        assert set(told) == (set(TITLES) if mailed else set())
        assert all(count <= 1 + repeatable["mail"] for count in told.values())
        assert {each.id for each in postbox.sent} == {
            found.id for found in app.users.list_notifications("ada").items
        }


def _refusing(what: str) -> Callable[[object], bool]:
    def refuse(sent: object) -> bool:
        return what == "mail" if isinstance(sent, Mail) else getattr(sent, "title", "") == what

    return refuse


def _take(app: App, step: str, clock: SetClock) -> None:
    match step:
        case "event":
            app.notify(news_ingested())
        case "late event":
            app.notify(news_ingested(at=NOW + timedelta(hours=5)))
        case "send":
            app.send_notifications()
        case _:
            clock.move(hours=7)
