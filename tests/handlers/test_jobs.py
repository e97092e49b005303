"""Lambda functions that run on a schedule, an event or a failure."""

import json
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import DataSet
from signal9_core.domain.queues import work_queue
from signal9_core.errors import PublishError, RateLimitError, StoreError
from signal9_core.events import SOURCE, Event, IngestionFailed, NewsIngested, PricesUpdated
from signal9_core.publishers.in_process import MemoryNotifier
from signal9_core.schemas.users import WatchlistPut
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_handlers import jobs, rotation
from signal9_handlers.failures import FAILED_EVENTS, handler
from signal9_handlers.metrics import put_ingests
from signal9_handlers.runtime import logger, request_id
from tests.fakes import NOW, FakeProvider, FakeQueues, RecordingPublisher, SetClock

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


QUEUE = work_queue("fake")


def sqs_event(*bodies: str, tries: int = 1) -> dict[str, list[dict[str, Any]]]:
    """Return messages as SQS delivers them to a function."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(tries)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def queues() -> FakeQueues:
    return FakeQueues()


@pytest.fixture
def app(
    provider: FakeProvider, queues: FakeQueues, monkeypatch: pytest.MonkeyPatch
) -> Iterator[App]:
    """An application whose events go to a bus elsewhere, as on AWS."""
    clock = SetClock()
    with SqliteStore.open(":memory:", clock=clock) as store:
        bus = RecordingPublisher()
        app = App(Settings(), store=store, provider=provider, bus=bus, clock=clock)
        monkeypatch.setattr(jobs, "application", lambda: app)
        app.pipeline.queues = queues
        yield app


@pytest.fixture
def log() -> Iterator[StringIO]:
    (log_handler,) = logger().handlers
    assert isinstance(log_handler, StreamHandler)
    stream = StringIO()
    request_id.set("")  # that of a request which other tests made
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


def worked(app: App, *, tries: int = 1) -> list[str]:
    """Plan, and work on what was sent; return the ids of the messages that stay."""
    jobs.plan(SCHEDULED, CONTEXT)
    sent = app.pipeline.queues.take(QUEUE)  # type: ignore[attr-defined]
    answer = jobs.work(sqs_event(*(message.body for message in sent), tries=tries), CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def handle(job: Any, *events: Event) -> list[str]:
    bodies = (json.dumps(envelope_of(event)) for event in events)
    answer = job(sqs_event(*bodies), CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_stage_fills_itself_by_plans_and_workers(app: App, log: StringIO) -> None:
    assert worked(app) == []
    assert worked(app) == []
    assert worked(app) == []

    planned = [line for line in lines(log) if line["message"] == "planned"]
    assert [(line["sent"] > 0, line["waiting"]) for line in planned] == [
        (True, 0),
        (True, 0),
        (False, 0),
    ]
    events = published(app)
    assert any(isinstance(event, PricesUpdated) for event in events)
    assert DataSet.PRICES in app.get_asset("AAPL").freshness


def test_a_plan_counts_companies_as_metrics_of_the_stage(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    worked(app)
    worked(app)
    capsys.readouterr()
    del app.problems  # as in another process: what it has read is kept for ten seconds

    jobs.plan(SCHEDULED, CONTEXT)

    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counts = {
        metric["dataSet"]: (metric["FreshCompanies"], metric["MissingCompanies"])
        for metric in written[:-1]
    }
    assert {metric["stage"] for metric in written} == {"local"}
    assert written[-1]["Problems"] == [0.0]
    assert counts == {data_set: ([3.0], [0.0]) for data_set in DataSet}


def _metrics(printed: pytest.CaptureFixture[str]) -> list[Line]:
    return [json.loads(line) for line in printed.readouterr().out.splitlines() if "_aws" in line]


def test_a_plan_writes_a_number_for_every_hour_even_if_nothing_succeeds(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    worked(app)
    capsys.readouterr()
    del app.problems

    jobs.plan(SCHEDULED, CONTEXT)

    by_data_set = [metric for metric in _metrics(capsys) if "dataSet" in metric]
    assert by_data_set
    assert all(metric["SucceededIngests"] == [0.0] for metric in by_data_set)
    assert all(metric["HoursLate"] == [0.0] for metric in by_data_set)


def test_work_counts_data_sets_that_succeed_and_requests_that_fail(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    worked(app)
    worked(app)
    succeeded = {
        metric["dataSet"]
        for metric in _metrics(capsys)
        if metric.get("SucceededIngests") == [1.0] and metric["stage"] == "local"
    }
    put_ingests(app, {"news": 0, "prices": 3}, ["news", "prices"])
    failing = {metric["dataSet"]: metric for metric in _metrics(capsys) if "dataSet" in metric}

    assert succeeded == set(DataSet)
    assert (failing["news"]["SucceededIngests"], failing["news"]["FailedIngests"]) == ([0], [1])
    assert failing["prices"]["SucceededIngests"] == [1]


def test_log_lines_of_workers_name_the_run(app: App, log: StringIO) -> None:
    worked(app)

    (line,) = (line for line in lines(log) if line["message"] == "worked")
    assert line["correlation_id"] == "fake-20240108T120000.000000Z"


def test_a_step_of_a_rotation_is_done_and_logged(
    app: App, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(app, "rotate_secret", lambda *step: done.append(step))
    monkeypatch.setattr(rotation, "application", lambda: app)

    rotation.handler(
        {"SecretId": "arn", "ClientRequestToken": "version", "Step": "testSecret"}, CONTEXT
    )

    assert done == [("arn", "version", "testSecret")]
    (line,) = lines(log)
    assert (line["message"], line["step"]) == ("rotation step done", "testSecret")


def test_a_worker_begins_nothing_that_it_may_not_finish(
    app: App, provider: FakeProvider, queues: FakeQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CONTEXT, "get_remaining_time_in_millis", lambda: 60_000, raising=False)

    assert worked(app) == []

    assert provider.requests == []
    assert len(queues.sent[QUEUE]) == 2


def test_a_failing_provider_is_announced_and_asked_again(
    app: App, provider: FakeProvider, queues: FakeQueues, log: StringIO
) -> None:
    worked(app)
    provider.failing["news"] = RateLimitError("too fast")

    staying = worked(app)

    assert len(staying) == 3
    assert [delay for _, delay in queues.delayed] == [60] * 3
    assert sum(isinstance(event, IngestionFailed) for event in published(app)) == 3
    assert "RateLimit" not in lines(log)[-1]["message"]
    assert "too fast" in lines(log)[-1]["reason"]


def test_a_failing_store_is_raised_so_that_the_run_is_repeated(app: App) -> None:
    assert isinstance(app.store, SqliteStore)
    app.store.close()

    with pytest.raises(StoreError):
        jobs.plan(SCHEDULED, CONTEXT)


def test_an_event_updates_insights(app: App) -> None:
    app.ingest()

    assert handle(jobs.update_insights, news_of(app, "AAPL")) == []

    assert app.get_asset("AAPL").insights.sentiment is not None


def test_an_event_notifies_those_who_follow(app: App, log: StringIO) -> None:
    app.ingest()
    event = news_of(app, "MSFT")
    app.users.put_watchlist("ada", WatchlistPut(watchlist=["MSFT"]))

    assert handle(jobs.notify, event) == []

    jobs.send_notifications(SCHEDULED, CONTEXT)

    assert isinstance(app.notifier, MemoryNotifier)
    assert [notification.title for notification in app.notifier.sent] == ["Microsoft slips"]
    line = lines(log)[-1]
    assert (line["message"], line["notifications"], line["mails"]) == ("notifications sent", 1, 0)


def test_refused_notifications_are_raised_so_that_somebody_hears_of_them(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise PublishError("throttled")

    app.ingest()
    event = news_of(app, "MSFT")
    app.users.put_watchlist("ada", WatchlistPut(watchlist=["MSFT"]))
    app.notify(event)
    monkeypatch.setattr(app.notifier, "notify", refuse)

    with pytest.raises(PublishError, match="1 notifications were refused: throttled"):
        jobs.send_notifications(SCHEDULED, CONTEXT)


def test_jobs_come_to_the_same_insights_as_a_full_ingest(app: App) -> None:
    tickers = ("AAPL", "BRK.B", "MSFT")
    with SqliteStore.open(":memory:") as store:
        other = App(Settings(), store=store, provider=app.provider, clock=SetClock())
        other.ingest()
        expected = [other.get_asset(ticker).insights for ticker in tickers]

    app.ingest()
    while events := published(app):
        assert handle(jobs.update_insights, *events) == []
    app.run()

    assert [app.get_asset(ticker).insights for ticker in tickers] == expected
    assert published(app) == []


POISON = {
    "no JSON": ("{", "no event"),
    "null": ("null", "no event"),
    "a list": ("[]", "no event"),
    "deeply nested": ("[" * 100_000, "no event"),
    "no detail": ('{"detail-type": "News Ingested"}', "no event"),
    "null detail": ('{"detail-type": "News Ingested", "detail": null}', "detail"),
    "another application": ('{"detail-type": "Order Placed", "detail": {}}', "'Order Placed'"),
    "null fields": (
        '{"detail-type": "News Ingested", "detail": {"version": 1, "at": null}}',
        "ticker: Field required",
    ),
    "another version": (
        '{"detail-type": "News Ingested", "detail": {"version": 2}}',
        "version: Input should be 1",
    ),
    "huge": (json.dumps({"detail-type": "x" * 200_000}), "unknown detail type"),
}


@pytest.mark.parametrize("job", [jobs.update_insights, jobs.notify, jobs.work])
@pytest.mark.parametrize("poison", POISON)
def test_poison_is_a_dead_letter_with_a_reason_and_does_not_hold_up_the_batch(
    app: App, queues: FakeQueues, poison: str, job: Any
) -> None:
    body, reason = POISON[poison]
    app.ingest()
    good = json.dumps(envelope_of(news_of(app, "AAPL")))
    if job is jobs.work:
        app.pipeline.plan()
        reason, good = "no work item", queues.take(QUEUE)[0].body if queues.sent.get(QUEUE) else ""

    bodies = [body, good] if good else [body]
    assert job(sqs_event(*bodies), CONTEXT) == {"batchItemFailures": []}

    (letter,) = app.pipeline.dead_letters.all()
    assert letter.body == body
    assert reason in letter.reason
    if job is jobs.update_insights:
        assert app.get_asset("AAPL").insights.sentiment is not None


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
