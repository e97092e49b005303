import json
from typing import Any

import pytest

from signal9_core.domain import DataSet
from signal9_core.events import IngestionFailed
from signal9_handlers.jobs.failures import FAILED_EVENTS, handler
from signal9_handlers.local.exchange import LocalContext
from signal9_handlers.local.jobs import envelope_of
from tests.fakes import NOW

from .conftest import Line, Log

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:enhancement"
SECRET = "only-for-the-function"
EVENT = {"id": "event-1", "detail-type": "News Ingested", "detail": {"note": SECRET}}

INVOCATION = {
    "version": "1.0",
    "requestContext": {
        "requestId": "request-1",
        "functionArn": FUNCTION,
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    },
    "requestPayload": EVENT,
    "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
    "responsePayload": {"errorType": "StoreUnavailableError", "errorMessage": "throttled"},
}


def record(message_id: str, body: object, **attributes: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {},
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:failures",
        "awsRegion": "us-east-1",
    }


def sink(*records: dict[str, Any]) -> list[str]:
    """Hand a batch to the sink; return the ids of the messages that stay in the queue."""
    answer = handler({"Records": list(records)}, LocalContext("failures"))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def reported(log: Log) -> list[Line]:
    return [line for line in log.lines() if line["message"] == "event failed"]


def counted(log: Log) -> float:
    (metric,) = log.metrics()
    (directive,) = metric["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Signal9"
    return float(sum(metric[FAILED_EVENTS]))


def test_a_failed_invocation_is_reported_with_event_function_and_reason(log: Log) -> None:
    assert sink(record("m1", INVOCATION)) == []

    (line,) = reported(log)
    assert (line["level"], line["event_id"], line["detail_type"]) == (
        "ERROR",
        "event-1",
        "News Ingested",
    )
    assert (line["function"], line["reason"]) == (FUNCTION, "StoreUnavailableError: throttled")
    assert counted(log) == 1


def test_an_invocation_that_never_answered_is_reported_with_its_condition(log: Log) -> None:
    expired = {
        "requestContext": {
            "requestId": "request-1",
            "functionArn": FUNCTION,
            "condition": "EventAgeExceeded",
        },
        "requestPayload": None,
    }

    sink(record("m1", expired))

    (line,) = reported(log)
    assert (line["event_id"], line["reason"]) == ("request-1", "EventAgeExceeded")


def test_an_event_that_could_not_be_delivered_is_reported(log: Log) -> None:
    sink(
        record(
            "m1",
            EVENT,
            ERROR_CODE="NO_PERMISSIONS",
            ERROR_MESSAGE="not allowed",
            TARGET_ARN=FUNCTION,
        )
    )

    (line,) = reported(log)
    assert (line["event_id"], line["function"]) == ("event-1", FUNCTION)
    assert line["reason"] == "NO_PERMISSIONS: not allowed"


def test_an_ingest_that_failed_is_reported(log: Log) -> None:
    of_one = IngestionFailed(
        at=NOW, ticker="AAPL", data_set=DataSet.PRICES, reason="bad key", transient=False
    )
    of_all = IngestionFailed(at=NOW, data_set="listing", reason="down", transient=True)

    sink(record("m1", envelope_of(of_one)), record("m2", envelope_of(of_all)))

    assert [line["reason"] for line in reported(log)] == [
        "prices of AAPL: bad key",
        "listing of all companies: down",
    ]
    assert counted(log) == 2


@pytest.mark.parametrize("body", ["no json", "[]", {"hello": "world"}])
def test_only_messages_that_cannot_be_read_stay_in_the_queue(body: object, log: Log) -> None:
    assert sink(record("m1", INVOCATION), record("m2", body), record("m3", INVOCATION)) == ["m2"]

    assert len(reported(log)) == 2
    assert counted(log) == 3
    assert any("message m2" in str(line.get("exception")) for line in log.lines())


def test_a_batch_of_which_nothing_can_be_read_stays_in_the_queue_whole(log: Log) -> None:
    assert sink(record("m1", "no json"), record("m2", "{")) == ["m1", "m2"]
    assert counted(log) == 2


def test_the_content_of_an_event_is_in_no_log(log: Log) -> None:
    sink(record("m1", INVOCATION), record("m2", {"detail": SECRET}))

    assert SECRET not in str(log.lines())
