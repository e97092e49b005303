"""Deletion and notification at the same time leave nothing behind, however they interleave."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from signal9_core.bootstrap import App, Own
from signal9_core.domain import ReportKind
from signal9_core.events import Event, FinancialDataIngested, NewsIngested
from signal9_core.ports import Item
from signal9_core.schemas import WatchlistPut
from signal9_core.tables import TableSpec
from tests.fakes import NOW, SetClock, article
from tests.spied import SpiedStore

NEWS = NewsIngested(
    at=NOW, ticker="AAPL", first=NOW - timedelta(days=9), last=NOW + timedelta(days=9), count=2
)
REPORTS = FinancialDataIngested(at=NOW, ticker="AAPL", reports=(ReportKind.EARNINGS,), count=1)


@pytest.fixture
def told(own: Own, app: App) -> App:
    """An application whose users, Ada and Grace, were told something once already."""
    app.news.sync([article("Apple gains", "2024-01-05T10:00", "AAPL")])
    for name in ("ada", "grace"):
        own.put_watchlist(name, WatchlistPut(watchlist=["AAPL"]))
    app.notify(NEWS)
    app.news.sync([article("Apple floats", "2024-01-06T10:00", "AAPL")])
    return app


def _before_write(spied: SpiedStore, number: int, act: Callable[[], None]) -> None:
    """Have something done in between, just before a write that is still to come."""

    def meanwhile(table: TableSpec, item: Item) -> None:
        if spied.writes >= first + number:
            act()
        else:
            spied.meanwhile = meanwhile

    first = spied.writes
    spied.meanwhile = meanwhile


def _only_grace_is_left(app: App, spied: SpiedStore) -> None:
    spied.meanwhile = None
    assert "ada" not in repr(list(spied.contents().items()))
    told = app.own.list_notifications("grace")
    assert {each.title for each in told.items} >= {"Apple gains"}


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("event", [NEWS, REPORTS], ids=["news", "reports"])
def test_a_deletion_during_a_notification_leaves_nothing(
    told: App, own: Own, spied: SpiedStore, event: Event, number: int
) -> None:
    _before_write(spied, number, lambda: own.delete("ada"))

    told.notify(event)

    if spied.meanwhile is not None:
        own.delete("ada")  # there were fewer writes
    _only_grace_is_left(told, spied)


@pytest.mark.parametrize("number", range(8))
def test_a_notification_during_a_deletion_leaves_nothing(
    told: App, own: Own, spied: SpiedStore, number: int
) -> None:
    _before_write(spied, number, lambda: _notified(told))

    own.delete("ada")

    _only_grace_is_left(told, spied)


def _notified(app: App) -> None:
    app.notify(NEWS)


def test_who_comes_back_at_once_is_not_shown_what_was_for_who_left(
    told: App, own: Own, spied: SpiedStore, clock: SetClock
) -> None:
    def leave_and_come_back() -> None:
        own.delete("ada")
        clock.move(seconds=1)
        own.put_watchlist("ada", WatchlistPut(watchlist=["AAPL"]))

    _before_write(spied, 1, leave_and_come_back)
    told.notify(NEWS)

    assert own.list_notifications("ada").items == []
    assert own.get_record("ada").answer.watchlist == ("AAPL",)
