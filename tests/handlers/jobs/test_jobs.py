import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import User
from signal9_core.errors import InputError, RateLimitError, StoreError
from signal9_core.events import IngestionFailed, NewsIngested, PricesUpdated
from signal9_core.ports import ABSENT
from signal9_core.publishers import MemoryNotifier
from signal9_core.repositories import SubscriptionRepository, UserRepository
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_handlers.jobs import enhancement, ingest, notification
from signal9_handlers.local.exchange import LocalContext
from signal9_handlers.local.jobs import envelope_of, run_scheduled_ingest
from tests.fakes import NOW, FakeProvider, RecordingPublisher, SetClock

from .conftest import Log

CONTEXT = LocalContext("job")
SCHEDULED: dict[str, object] = {"source": "aws.events", "detail": {}}


def follow(app: App, user_id: str, *watchlist: str) -> None:
    user = User(user_id=user_id, watchlist=watchlist, created_at=NOW)
    UserRepository(app.store).put(user, expected=ABSENT)
    SubscriptionRepository(app.store).subscribe(user)


def news_of(publisher: RecordingPublisher, ticker: str) -> NewsIngested:
    return next(
        event
        for event in publisher.heard
        if isinstance(event, NewsIngested) and event.ticker == ticker
    )


def test_the_schedule_refreshes_and_logs_what_came_of_it(
    app: App, publisher: RecordingPublisher, log: Log
) -> None:
    ingest.handler(SCHEDULED, CONTEXT)

    (line,) = log.lines()
    assert (line["message"], line["provider"], line["failed"]) == ("refreshed", "fake", 0)
    assert line["changed"] == {"overview": 2, "prices": 5, "financials": 4, "news": 3}
    assert any(isinstance(event, PricesUpdated) for event in publisher.heard)


def test_a_provider_that_fails_is_announced_and_not_raised(
    app: App, provider: FakeProvider, publisher: RecordingPublisher, log: Log
) -> None:
    provider.failing["news"] = RateLimitError("enough for today")

    ingest.handler(SCHEDULED, CONTEXT)

    (line,) = log.lines()
    assert line["failed"] == 3
    assert sum(isinstance(event, IngestionFailed) for event in publisher.heard) == 3


def test_a_store_that_fails_is_raised_so_that_the_run_is_repeated(app: App) -> None:
    assert isinstance(app.store, SqliteStore)
    app.store.close()

    with pytest.raises(StoreError):
        ingest.handler(SCHEDULED, CONTEXT)


def test_an_event_of_the_bus_is_enhanced(app: App, publisher: RecordingPublisher) -> None:
    ingest.handler(SCHEDULED, CONTEXT)
    event = news_of(publisher, "AAPL")

    enhancement.handler(envelope_of(event), CONTEXT)

    assert app.get_asset("AAPL").insights.sentiment is not None


def test_an_event_of_the_bus_is_told_to_those_who_follow(
    app: App, publisher: RecordingPublisher, log: Log
) -> None:
    follow(app, "ada", "MSFT")
    ingest.handler(SCHEDULED, CONTEXT)
    event = news_of(publisher, "MSFT")

    notification.handler(envelope_of(event), CONTEXT)

    assert isinstance(app.notifier, MemoryNotifier)
    assert [each.title for each in app.notifier.sent] == ["Microsoft slips"]
    line = log.lines()[-1]
    assert (line["message"], line["detail_type"], line["count"]) == ("notified", "News Ingested", 1)


@pytest.mark.parametrize("handler", [enhancement.handler, notification.handler])
def test_an_event_of_somebody_else_is_refused(handler: object, app: App) -> None:
    assert callable(handler)

    with pytest.raises(InputError, match="unknown detail type 'Order Placed'"):
        handler({"detail-type": "Order Placed", "detail": {}}, CONTEXT)


def test_a_scheduled_run_on_this_machine_sees_to_all_that_follows(local: App) -> None:
    follow(local, "ada", "AAPL", "BRK.B")

    run_scheduled_ingest()

    insights = local.get_asset("AAPL").insights
    assert insights.sentiment is not None
    assert insights.range_52_weeks is not None
    assert isinstance(local.notifier, MemoryNotifier)
    assert {notification.kind for notification in local.notifier.sent} == {"news", "financials"}


def test_a_scheduled_run_comes_to_the_same_insights_as_a_full_ingest(local: App) -> None:
    with SqliteStore.open(":memory:") as store:
        other = App(Settings(), store=store, provider=local.provider, clock=SetClock())
        other.ingest()
        full = [other.get_asset(ticker).insights for ticker in ("AAPL", "BRK.B", "MSFT")]

    run_scheduled_ingest()

    assert [local.get_asset(ticker).insights for ticker in ("AAPL", "BRK.B", "MSFT")] == full
