"""A filtered page reads a bounded part of the store, and a cursor leads to the rest."""

from typing import Any

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset
from signal9_core.ports import Page
from signal9_core.repositories.optimistic import MOST_READ
from signal9_core.schemas.users import WatchlistPut
from signal9_core.tables import TableSpec
from tests.core.conftest import app_over, opened
from tests.core.services.test_users import notify
from tests.fakes import FakeProvider, SetClock
from tests.spied import SpiedStore


class CountingStore(SpiedStore):
    """A store that counts the items that queries return."""

    read = 0

    def query(self, table: TableSpec, partition: str, **options: Any) -> Page:
        page = super().query(table, partition, **options)
        self.read += len(page.items)
        return page


def test_a_page_of_a_market_reads_no_whole_market(clock: SetClock) -> None:
    listing = [
        Asset(
            ticker=f"T{number}",
            name=f"Company {number:05}",
            exchange="RARE" if number % 1_500 == 1_499 else "NYSE",
        )
        for number in range(4_500)
    ]
    with opened(clock) as spied:
        store = CountingStore(spied.store)
        app = app_over(store, clock, FakeProvider(listing=listing, covering=[]))
        app.ingest()

        assert pages_of(app, store, "nowhere") == []
        assert pages_of(app, store, "rare") == ["T1499", "T2999", "T4499"]


def pages_of(app: App, store: CountingStore, exchange: str) -> list[str]:
    """Return all companies of an exchange, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        before, calls = store.read, store.calls
        answer = app.list_assets(exchange=exchange, limit=10, cursor=cursor)
        assert store.read - before <= MOST_READ + 10
        assert store.calls - calls <= 2
        found += [item.ticker for item in answer.items]
        cursor = answer.next_cursor
        if cursor is None:
            return found


def test_a_page_of_unread_notifications_reads_no_whole_inbox(clock: SetClock) -> None:
    with opened(clock) as spied:
        store = CountingStore(spied.store)
        app: App = app_over(store, clock, FakeProvider())
        app.ingest()
        app.users.put_watchlist("ada", WatchlistPut(watchlist=["AAPL"]))
        for day in range(25):
            clock.move(days=1)
            notify(app, *(f"{day} {number}" for number in range(100)))
        oldest: str | None = None
        for stored in app.users.notifications.of_user("ada"):
            app.users.notifications.mark_read("ada", stored.notification.id)
            oldest = stored.notification.title
        notify(app, "one more")
        before = store.read

        first = app.users.list_notifications("ada", unread=True, limit=5)

        assert store.read - before <= MOST_READ + 200
        assert [item.title for item in first.items] == ["one more"]
        rest = app.users.list_notifications("ada", unread=True, limit=5, cursor=first.next_cursor)
        assert (list(rest.items), rest.next_cursor) == ([], None)
        assert oldest is not None
