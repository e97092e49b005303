from types import SimpleNamespace

import pytest

from signal9_core.bootstrap import App, build
from signal9_core.domain import User
from signal9_core.errors import InputError, RateLimitError, StoreError
from signal9_core.events import IngestionFailed, NewsIngested, PricesUpdated
from signal9_core.ports import ABSENT
from signal9_core.publishers import MemoryNotifier
from signal9_core.repositories import SubscriptionRepository, UserRepository
from signal9_core.stores.sqlite import SqliteStore
from signal9_handlers.jobs import enhancement, ingest, notification, rotation
from signal9_handlers.local.exchange import LocalContext
from signal9_handlers.local.jobs import envelope_of, run_scheduled_ingest
from tests.fakes import NOW, FakeProvider, SetClock

from .conftest import Log

CONTEXT = LocalContext("job")
SCHEDULED: dict[str, object] = {"source": "aws.events", "detail": {}}


def follow(app: App, user_id: str, *watchlist: str) -> None:
    user = User(user_id=user_id, watchlist=watchlist, created_at=NOW)
    UserRepository(app.store).put(user, expected=ABSENT)
    SubscriptionRepository(app.store).subscribe(user)


def news_of(app: App, ticker: str) -> NewsIngested:
    return next(
        each
        for each in app.take_events()
        if isinstance(each, NewsIngested) and each.ticker == ticker
    )


def test_the_schedule_refreshes_and_logs_what_came_of_it(app: App, log: Log) -> None:
    ingest.handler(SCHEDULED, CONTEXT)

    (line,) = log.lines()
    assert (line["message"], line["provider"], line["failed"]) == ("refreshed", "fake", 0)
    assert line["changed"] == {"overview": 2, "prices": 5, "financials": 4, "news": 3}
    assert any(isinstance(event, PricesUpdated) for event in app.take_events())


def test_a_provider_that_fails_is_announced_and_not_raised(
    app: App, provider: FakeProvider, log: Log
) -> None:
    provider.failing["news"] = RateLimitError("enough for today")

    ingest.handler(SCHEDULED, CONTEXT)

    (line,) = log.lines()
    assert line["failed"] == 3
    assert sum(isinstance(event, IngestionFailed) for event in app.take_events()) == 3


def test_a_store_that_fails_is_raised_so_that_the_run_is_repeated(app: App) -> None:
    app.close()

    with pytest.raises(StoreError):
        ingest.handler(SCHEDULED, CONTEXT)


def test_an_event_of_the_bus_is_enhanced(app: App) -> None:
    ingest.handler(SCHEDULED, CONTEXT)
    event = news_of(app, "AAPL")

    enhancement.handler(envelope_of(event), CONTEXT)

    assert app.get_asset("AAPL").insights.sentiment is not None


def test_an_event_of_the_bus_is_told_to_those_who_follow(app: App, log: Log) -> None:
    follow(app, "ada", "MSFT")
    ingest.handler(SCHEDULED, CONTEXT)
    event = news_of(app, "MSFT")

    notification.handler(envelope_of(event), CONTEXT)

    assert isinstance(app.notifier, MemoryNotifier)
    assert [each.title for each in app.notifier.sent] == ["Microsoft slips"]
    line = log.lines()[-1]
    assert (line["message"], line["detail_type"], line["count"]) == ("notified", "News Ingested", 1)


@pytest.mark.parametrize("handler", [enhancement.handler, notification.handler])
def test_an_event_of_somebody_else_is_refused(handler: object, app: App) -> None:
    assert callable(handler)

    with pytest.raises(InputError, match="'Order Placed' is no event of Signal9"):
        handler({"detail-type": "Order Placed", "detail": {}}, CONTEXT)


def test_a_scheduled_run_on_this_machine_sees_to_all_that_follows(app: App) -> None:
    follow(app, "ada", "AAPL", "BRK.B")

    handled = run_scheduled_ingest()

    assert handled > 5
    assert app.take_events() == []
    insights = app.get_asset("AAPL").insights
    assert insights.sentiment is not None
    assert insights.range_52_weeks is not None
    assert isinstance(app.notifier, MemoryNotifier)
    assert {each.kind for each in app.notifier.sent} == {"news", "financials"}


def test_a_scheduled_run_over_the_same_data_has_nothing_to_follow(app: App) -> None:
    run_scheduled_ingest()

    assert run_scheduled_ingest() == 0


def test_a_scheduled_run_comes_to_the_same_insights_as_a_full_ingest(app: App) -> None:
    with SqliteStore.open(":memory:") as store:
        other = build(app.settings, clock=SetClock())
        other.store, other.provider = store, app.provider
        other.ingest()
        full = [other.get_asset(ticker).insights for ticker in ("AAPL", "BRK.B", "MSFT")]

    run_scheduled_ingest()

    assert [app.get_asset(each).insights for each in ("AAPL", "BRK.B", "MSFT")] == full


def test_a_step_of_a_rotation_is_taken_and_logged_without_the_key(
    monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    taken: list[tuple[str, ...]] = []
    rotating = SimpleNamespace(rotate_signing_key=lambda *given: taken.append(given))
    monkeypatch.setattr(rotation, "application", lambda: rotating)
    event = {"Step": "testSecret", "SecretId": "arn:secret", "ClientRequestToken": "one"}

    rotation.handler(event, CONTEXT)

    (line,) = log.lines()
    assert taken == [("testSecret", "arn:secret", "one")]
    assert (line["message"], line["step"]) == ("rotation step taken", "testSecret")
