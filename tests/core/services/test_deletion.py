"""A deletion that a user asked for takes their data out of use at once, and leaves nothing."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import BeingDeletedError, PublishError
from signal9_core.events import UserDeletionRequested
from signal9_core.ports import Item
from signal9_core.publishers.in_process import InProcessEventBus
from signal9_core.repositories.users import (
    DeletionRepository,
    SubscriptionRepository,
    UserRepository,
)
from signal9_core.schemas.users import RecordPatch, TopicsPut, WatchlistPut
from signal9_core.services.users import UserService
from signal9_core.settings import Settings
from signal9_core.tables import TableSpec
from tests.core.conftest import app_over, opened
from tests.core.services.test_users import notify, titles_of
from tests.fakes import NOW, FakeProvider, RecordingPublisher, SetClock
from tests.spied import SpiedStore, StoppedError

WATCHLIST = WatchlistPut(watchlist=["AAPL", "MSFT"])


@pytest.fixture
def publisher() -> RecordingPublisher:
    """A bus to which nobody has subscribed yet."""
    return RecordingPublisher()


@pytest.fixture
def users(full: App) -> UserService:
    """The users, of whom Ada and Grace have all that a user may have."""
    fill(full)
    return full.users


def fill(app: App, *names: str) -> None:
    for name in names or ("ada", "grace"):
        app.users.patch(name, RecordPatch(), email=f"{name}@example.org")
        app.users.put_watchlist(name, WATCHLIST)
        app.users.put_topics(name, TopicsPut(topics=["ipo"]))
        app.users.note_viewed(name, "AAPL")
    notify(app, "first", "second")


def everything_about(spied: SpiedStore, name: str) -> list[str]:
    return [repr(item) for item in spied.contents().items() if name in repr(item)]


def test_data_are_out_of_use_at_once_and_deleted_by_the_event(
    users: UserService, spied: SpiedStore, publisher: RecordingPublisher
) -> None:
    answer = users.delete("ada")

    assert (answer.requested_at, answer.backups_until) == (NOW, None)
    assert publisher.heard[-1] == UserDeletionRequested(at=NOW, user_id="ada")
    assert [user.user_id for user in UserRepository(spied).many(["ada", "grace"])] == ["grace"]
    requests: list[Callable[[], object]] = [
        lambda: users.get("ada"),
        lambda: users.put_watchlist("ada", WATCHLIST),
        lambda: users.note_viewed("ada", "MSFT"),
        lambda: users.list_notifications("ada"),
        lambda: users.mark_read("ada", "first"),
        lambda: users.export("ada"),
        lambda: users.briefing("ada"),
    ]
    for number, request in enumerate(requests):
        try:
            request()
        except BeingDeletedError:
            pass
        else:
            pytest.fail(f"request {number} was answered")

    users.deletion.delete("ada")

    assert everything_about(spied, "ada") == []
    subscriptions = SubscriptionRepository(spied)
    assert set(subscriptions.subscribers(tickers=["AAPL", "MSFT"], topics=["ipo"])) == {"grace"}
    assert set(titles_of(users, "grace")) == {"first", "second"}
    assert users.export("grace").viewed == ["AAPL"]


def test_a_deletion_that_is_stopped_before_any_write_is_completed_by_the_next() -> None:
    with opened() as spied:
        app = filled(spied)
        start = spied.writes
        delete(app, "ada")
        writes = spied.writes - start
    assert writes > 15

    for stop in range(writes):
        with opened() as spied:
            app = filled(spied)
            spied.stop_before = spied.writes + stop
            with pytest.raises(StoppedError):
                delete(app, "ada")
            spied.stop_before = None
            if stop == 0:  # nothing was noted, so that the user has to ask again
                app.users.delete("ada")
            app.users.deletion.delete("ada")

            assert everything_about(spied, "ada") == [], f"stopped before write {stop}"
            assert len(everything_about(spied, "grace")) > 5


def delete(app: App, name: str) -> None:
    app.users.delete(name)
    app.users.deletion.delete(name)


def filled(spied: SpiedStore) -> App:
    app = app_over(spied, SetClock(), FakeProvider(), RecordingPublisher())
    app.ingest(tickers=["AAPL", "MSFT"])
    fill(app)
    return app


def test_a_user_who_returns_starts_a_new_record_that_no_late_event_deletes(
    users: UserService, clock: SetClock
) -> None:
    users.delete("ada")
    users.deletion.delete("ada")
    clock.move(days=1)

    users.put_watchlist("ada", WATCHLIST)
    users.deletion.delete("ada")

    returned = users.get("ada").model
    assert (returned.created_at, returned.watchlist) == (clock.now, ("AAPL", "MSFT"))


def test_a_user_who_returns_before_the_request_is_closed_keeps_the_new_record(
    users: UserService, spied: SpiedStore, clock: SetClock
) -> None:
    users.delete("ada")
    users.deletion.delete("ada")
    DeletionRepository(spied).request("ada", clock.now)  # a stop left it
    clock.move(minutes=1)
    users.put_watchlist("ada", WATCHLIST)

    users.deletion.delete("ada")

    assert users.get("ada").model.watchlist == ("AAPL", "MSFT")
    assert DeletionRepository(spied).requested("ada") is None


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("write", range(6))
def test_a_change_at_the_same_time_leaves_nothing_behind(
    users: UserService, spied: SpiedStore, write: int, steps: int
) -> None:
    """The deletion has begun, or ended, before one of the change's writes."""

    def meanwhile(_: TableSpec, __: Item) -> None:
        if spied.writes < start + write:
            spied.meanwhile = meanwhile
        else:
            for step in (users.delete, users.deletion.delete)[:steps]:
                step("ada")

    start = spied.writes
    spied.meanwhile = meanwhile
    with suppress(BeingDeletedError):
        users.put_watchlist("ada", WatchlistPut(watchlist=["BRK.B"]))
    users.delete("ada")
    users.deletion.delete("ada")

    assert everything_about(spied, "ada") == []


def test_a_request_whose_event_was_refused_is_announced_by_the_next_run_of_anything(
    spied: SpiedStore, clock: SetClock
) -> None:
    class Broken(RecordingPublisher):
        def publish(self, events: object) -> None:
            raise PublishError("the bus is down")

    working = InProcessEventBus()
    app = app_over(spied, clock, FakeProvider(), working)
    app.ingest(tickers=["AAPL", "MSFT"])
    fill(app)
    broken = app_over(spied, clock, FakeProvider(), Broken())
    with pytest.raises(PublishError):
        broken.users.delete("ada")
    clock.move(minutes=10)

    app.ingest(tickers=["MSFT"])

    assert everything_about(spied, "ada") == []


def test_a_laptop_deletes_at_once_and_says_until_when_backups_are_kept(
    spied: SpiedStore, clock: SetClock
) -> None:
    app = App(Settings(backup_days=35), store=spied, provider=FakeProvider(), clock=clock)
    app.ingest(tickers=["AAPL", "MSFT"])
    fill(app)

    answer = app.users.delete("ada")

    assert answer.backups_until == date(2024, 1, 8) + timedelta(days=35)
    assert everything_about(spied, "ada") == []
