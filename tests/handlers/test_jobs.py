"""Lambda functions that run on a schedule, an event or a failure."""

import json
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import DataSet
from signal9_core.errors import InputError, RateLimitError, StoreError
from signal9_core.events import SOURCE, Event, IngestionFailed, NewsIngested, PricesUpdated
from signal9_core.publishers.in_process import MemoryNotifier
from signal9_core.schemas.users import WatchlistPut
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_handlers import jobs
from signal9_handlers.failures import FAILED_EVENTS, handler
from signal9_handlers.runtime import logger
from tests.fakes import NOW, FakeProvider, RecordingPublisher, SetClock

from .sample import CONTEXT

Line = dict[str, Any]

SCHEDULED: dict[str, object] = {"source": "aws.events", "detail": {}}


def envelope_of(event: Event) -> dict[str, object]:
    """Return an event as EventBridge delivers it."""
    return {
        "id": "event-1",
        "source": SOURCE,
        "detail-type": event.detail_type,
        "detail": json.loads(event.model_dump_json()),
    }


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def app(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An application whose events go to a bus elsewhere, as on AWS."""
    clock = SetClock()
    with SqliteStore.open(":memory:", clock=clock) as store:
        bus = RecordingPublisher()
        app = App(Settings(), store=store, provider=provider, bus=bus, clock=clock)
        monkeypatch.setattr(jobs, "application", lambda: app)
        yield app


@pytest.fixture
def log() -> Iterator[StringIO]:
    (log_handler,) = logger().handlers
    assert isinstance(log_handler, StreamHandler)
    stream = StringIO()
    before = log_handler.setStream(stream)
    yield stream
    log_handler.setStream(before)


def lines(log: StringIO) -> list[Line]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def published(app: App) -> list[Event]:
    """Return the events since the last call."""
    assert isinstance(app.bus, RecordingPublisher)
    events, app.bus.heard = app.bus.heard, []
    return events


def news_of(app: App, ticker: str) -> NewsIngested:
    events = (event for event in published(app) if isinstance(event, NewsIngested))
    return next(event for event in events if event.ticker == ticker)


def test_the_schedule_refreshes_companies_and_logs_what_changed(app: App, log: StringIO) -> None:
    jobs.ingest(SCHEDULED, CONTEXT)

    (line,) = lines(log)
    assert (line["message"], line["provider"], line["failed"]) == ("ingested", "fake", 0)
    assert line["changed"] == {"listing": 4, "overview": 2, "prices": 5, "financials": 4, "news": 3}
    assert any(isinstance(event, PricesUpdated) for event in published(app))


def test_a_run_begins_nothing_that_it_may_not_finish(
    app: App, provider: FakeProvider, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CONTEXT, "get_remaining_time_in_millis", lambda: 60_000, raising=False)

    jobs.ingest(SCHEDULED, CONTEXT)

    assert provider.requests == []
    assert lines(log)[0]["left"] == 2


def test_a_failing_provider_is_announced_and_not_raised(
    app: App, provider: FakeProvider, log: StringIO
) -> None:
    provider.failing["news"] = RateLimitError("enough for today")

    jobs.ingest(SCHEDULED, CONTEXT)

    assert lines(log)[0]["failed"] == 3
    assert sum(isinstance(event, IngestionFailed) for event in published(app)) == 3


def test_a_failing_store_is_raised_so_that_the_run_is_repeated(app: App) -> None:
    assert isinstance(app.store, SqliteStore)
    app.store.close()

    with pytest.raises(StoreError):
        jobs.ingest(SCHEDULED, CONTEXT)


def test_an_event_updates_insights(app: App) -> None:
    jobs.ingest(SCHEDULED, CONTEXT)

    jobs.update_insights(envelope_of(news_of(app, "AAPL")), CONTEXT)

    assert app.get_asset("AAPL").insights.sentiment is not None


def test_an_event_notifies_those_who_follow(app: App, log: StringIO) -> None:
    jobs.ingest(SCHEDULED, CONTEXT)
    event = news_of(app, "MSFT")
    app.users.put_watchlist("ada", WatchlistPut(watchlist=["MSFT"]))

    jobs.notify(envelope_of(event), CONTEXT)

    assert isinstance(app.notifier, MemoryNotifier)
    assert [notification.title for notification in app.notifier.sent] == ["Microsoft slips"]
    line = lines(log)[-1]
    assert (line["message"], line["detail_type"], line["count"]) == ("notified", "News Ingested", 1)


def test_jobs_come_to_the_same_insights_as_a_full_ingest(app: App) -> None:
    tickers = ("AAPL", "BRK.B", "MSFT")
    with SqliteStore.open(":memory:") as store:
        other = App(Settings(), store=store, provider=app.provider, clock=SetClock())
        other.ingest()
        expected = [other.get_asset(ticker).insights for ticker in tickers]

    jobs.ingest(SCHEDULED, CONTEXT)
    while events := published(app):
        for event in events:
            jobs.update_insights(envelope_of(event), CONTEXT)
    jobs.ingest(SCHEDULED, CONTEXT)

    assert [app.get_asset(ticker).insights for ticker in tickers] == expected
    assert published(app) == []


@pytest.mark.parametrize("job", [jobs.update_insights, jobs.notify])
def test_an_event_of_another_application_is_refused(job: Any, app: App) -> None:
    with pytest.raises(InputError, match="'Order Placed'"):
        job({"detail-type": "Order Placed", "detail": {}}, CONTEXT)


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:insights"
SECRET = "only-for-the-function"
EVENT = {"id": "event-1", "detail-type": "News Ingested", "detail": {"note": SECRET}}
INVOCATION = {
    "requestContext": {
        "requestId": "request-1",
        "functionArn": FUNCTION,
        "condition": "RetriesExhausted",
    },
    "requestPayload": EVENT,
    "responsePayload": {"errorType": "StoreUnavailableError", "errorMessage": "throttled"},
}


def record(message_id: str, body: object, **attributes: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {},
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()
        },
        "eventSource": "aws:sqs",
    }


def kept(*records: dict[str, Any]) -> list[str]:
    """Handle a batch; return the ids of the messages that stay in the queue."""
    answer = handler({"Records": list(records)}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def reported(log: StringIO) -> list[tuple[str, ...]]:
    """Return event, type, function and reason of the failures in the log."""
    names = ("event_id", "detail_type", "function", "reason")
    failures = [line for line in lines(log) if line["message"] == "event failed"]
    return [tuple(line[name] for name in names) for line in failures]


def counted(printed: pytest.CaptureFixture[str]) -> float:
    """Return the value of the metric."""
    metric = json.loads(printed.readouterr().out.splitlines()[-1])
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Signal9"
    assert metric["stage"] == "local"
    return float(sum(metric[FAILED_EVENTS]))


@pytest.mark.parametrize(
    ("message", "report"),
    [
        (
            record("m", INVOCATION),
            ("event-1", "News Ingested", FUNCTION, "StoreUnavailableError: throttled"),
        ),
        (
            record("m", INVOCATION | {"requestPayload": None, "responsePayload": None}),
            ("request-1", "None", FUNCTION, "RetriesExhausted"),
        ),
        (
            record("m", EVENT, ERROR_CODE="E", ERROR_MESSAGE="not allowed", TARGET_ARN=FUNCTION),
            ("event-1", "News Ingested", FUNCTION, "E: not allowed"),
        ),
        (
            record(
                "m",
                envelope_of(
                    IngestionFailed(
                        at=NOW,
                        ticker="AAPL",
                        data_set=DataSet.PRICES,
                        reason="bad key",
                        transient=False,
                    )
                ),
            ),
            ("event-1", "Ingestion Failed", "ingest", "prices of AAPL: bad key"),
        ),
        (
            record(
                "m",
                envelope_of(
                    IngestionFailed(at=NOW, data_set="listing", reason="down", transient=True)
                ),
            ),
            ("event-1", "Ingestion Failed", "ingest", "listing of all companies: down"),
        ),
    ],
    ids=["invocation", "no answer", "delivery", "ingestion", "listing"],
)
def test_a_failure_is_reported_with_event_function_and_reason(
    message: dict[str, Any],
    report: tuple[str, ...],
    log: StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert kept(message) == []

    assert reported(log) == [report]
    assert counted(capsys) == 1
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize("body", ["no json", "[]", {"hello": SECRET}])
def test_only_unreadable_messages_stay_in_the_queue(
    body: object, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept(record("m1", INVOCATION), record("m2", body), record("m3", INVOCATION)) == ["m2"]

    assert len(reported(log)) == 2
    assert counted(capsys) == 3
    assert "message m2" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_a_batch_without_readable_messages_stays_in_the_queue() -> None:
    assert kept(record("m1", "no json"), record("m2", "{")) == ["m1", "m2"]
