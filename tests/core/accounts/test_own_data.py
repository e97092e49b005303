import pytest

from signal9_core.bootstrap import App, Own
from signal9_core.domain import Notification
from signal9_core.errors import InputError, NotFoundError
from signal9_core.schemas import TopicsPut, WatchlistPut
from tests.fakes import NOW, SetClock
from tests.spied import SpiedStore, StoppedError


def told(app: App, user_id: str, *names: str) -> None:
    app.notified.claim(
        [
            Notification(
                id=f"{user_id}-{name}",
                user_id=user_id,
                kind="news",
                ticker="AAPL",
                title=name,
                created_at=NOW,
            )
            for name in names
        ]
    )


def titles(own: Own, user_id: str, *, unread: bool = False) -> list[str]:
    return [each.title for each in own.list_notifications(user_id, unread=unread).items]


def pages(own: Own, user_id: str, limit: int) -> list[list[str]]:
    found: list[list[str]] = []
    cursor: str | None = None
    while True:
        page = own.list_notifications(user_id, limit=limit, cursor=cursor)
        found.append([each.title for each in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_everyone_reads_what_they_were_told_latest_first(
    own: Own, app: App, clock: SetClock
) -> None:
    told(app, "ada", "first")
    told(app, "grace", "other")
    clock.move(days=30)
    told(app, "ada", "second")

    assert titles(own, "ada") == ["second", "first"]
    assert titles(own, "nobody") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_hold_every_notification_once(
    own: Own, app: App, clock: SetClock, limit: int
) -> None:
    for name in range(5):
        told(app, "ada", str(name))
        clock.move(days=12)

    assert [each for page in pages(own, "ada", limit) for each in page] == list("43210")
    assert all(len(page) == limit for page in pages(own, "ada", limit)[:-1])


def test_a_cursor_is_of_no_use_to_another_user(own: Own, app: App) -> None:
    told(app, "ada", "first", "second")
    cursor = own.list_notifications("ada", limit=1).next_cursor

    with pytest.raises(InputError, match="cursor"):
        own.list_notifications("grace", limit=1, cursor=cursor)


def test_what_was_read_is_marked_once_and_can_be_left_out(
    own: Own, app: App, clock: SetClock
) -> None:
    told(app, "ada", "first", "second")
    marked = own.mark_read("ada", "ada-first")
    clock.move(days=1)

    assert marked.read_at == NOW
    assert own.mark_read("ada", "ada-first") == marked
    assert titles(own, "ada", unread=True) == ["second"]


@pytest.mark.parametrize("name", ["grace-secret", "made-up"])
def test_what_another_user_was_told_is_not_there(own: Own, app: App, name: str) -> None:
    told(app, "grace", "secret")

    with pytest.raises(NotFoundError):
        own.mark_read("ada", name)

    assert own.list_notifications("grace").items[0].read_at is None


def test_notifications_are_gone_after_three_months(own: Own, app: App, clock: SetClock) -> None:
    told(app, "ada", "first")
    clock.move(days=89)
    assert titles(own, "ada") == ["first"]

    clock.move(days=2)

    assert titles(own, "ada") == []


def test_a_notification_whose_noting_was_stopped_is_shown_once(
    own: Own, app: App, spied: SpiedStore, clock: SetClock
) -> None:
    spied.stop_before = spied.writes + 1
    with pytest.raises(StoppedError):
        told(app, "ada", "first")
    spied.stop_before = None
    assert titles(own, "ada") == []
    clock.move(minutes=1)

    told(app, "ada", "first")

    assert titles(own, "ada") == ["first"]


def test_an_inbox_keeps_the_latest_thousand_of_a_month_and_nothing_beside(
    own: Own, app: App, spied: SpiedStore
) -> None:
    names = [f"{number:04}" for number in range(1_005)]
    told(app, "ada", *names[:500])
    told(app, "ada", *names[500:])

    assert len([each for page in pages(own, "ada", 200) for each in page]) == 1_000
    kept = [item for item in spied.contents().values() if item.get("userId") == "ada"]
    assert len(kept) == 1_000


def test_companies_that_were_looked_at_come_latest_first(own: Own) -> None:
    for ticker in ("AAPL", "msft", "brk-b"):
        own.note_viewed("ada", ticker)

    assert own.note_viewed("ada", "AAPL").viewed == ["AAPL", "BRK.B", "MSFT"]
    with pytest.raises(NotFoundError):
        own.note_viewed("ada", "NOPE")


def test_an_export_holds_everything_about_its_owner_and_nothing_else(own: Own, app: App) -> None:
    own.put_topics("ada", TopicsPut(topics=["ipo"]))
    own.note_viewed("ada", "AAPL")
    told(app, "ada", "first")
    told(app, "grace", "other")

    export = own.export("ada")

    assert export.user == own.get_record("ada").answer
    assert export.viewed == ["AAPL"]
    assert [each.title for each in export.notifications] == ["first"]
    assert export.exported_at == NOW


def test_what_is_deleted_is_gone_and_nobody_elses_is(own: Own, app: App, spied: SpiedStore) -> None:
    for name in ("ada", "grace"):
        own.put_watchlist(name, WatchlistPut(watchlist=["AAPL"]))
        own.note_viewed(name, "AAPL")
        told(app, name, "first")

    own.delete("ada")
    own.delete("ada")

    assert app.users.get("ada") is None
    assert app.followers.subscribers(tickers=["AAPL"]) == {"grace"}
    assert "ada" not in repr(list(spied.contents().items()))
    assert titles(own, "grace") == ["first"]
    assert own.export("grace").viewed == ["AAPL"]


@pytest.mark.parametrize("writes", range(5))
def test_a_deletion_stopped_anywhere_is_completed_by_the_next(
    own: Own, app: App, spied: SpiedStore, writes: int
) -> None:
    own.put_watchlist("ada", WatchlistPut(watchlist=["AAPL"]))
    own.note_viewed("ada", "AAPL")
    told(app, "ada", "first")
    spied.stop_before = spied.writes + writes
    with pytest.raises(StoppedError):
        own.delete("ada")
    spied.stop_before = None

    own.delete("ada")

    assert "ada" not in repr(list(spied.contents().items()))
