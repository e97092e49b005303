"""Events, the clock and failures, seen by their effects."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from signal9_core.domain.queues import DEAD_LETTERS
from signal9_core.events import SOURCE
from signal9_deploy.names import bus_name, queue_name
from tests.e2e.place import Place, eventually


@pytest.fixture(scope="module", autouse=True)
def _on_an_emulator_only(place: Place) -> None:
    if not place.emulated:
        pytest.skip("poison is for an emulator only")


def _publish(place: Place, detail_type: str, **detail: object) -> None:
    answer = place.client("events").put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": detail_type,
                "Detail": json.dumps({"version": 1, "at": _now(), **detail}),
                "EventBusName": bus_name(place.settings),
            }
        ]
    )
    assert answer["FailedEntryCount"] == 0


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _reported(place: Place, text: str) -> dict[str, Any]:
    """Return the line about a failure, once it is there."""

    def look() -> dict[str, Any] | None:
        lines = [each for each in place.logged("Failures") if each.get("message") == "event failed"]
        return next((each for each in lines if text in str(each)), None)

    return eventually(look, within_s=150)


def test_an_event_reaches_its_function_and_the_api_shows_its_effect(
    place: Place, api: httpx2.Client
) -> None:
    tables = place.client("dynamodb")
    name = f"signal9-{place.settings.stage}-Assets"

    def insights() -> dict[str, Any]:
        found: dict[str, Any] = api.get("/assets/AAPL").json()["insights"]
        return found

    assert eventually(lambda: insights()["range52Weeks"], within_s=60)["high"]

    # Updated by an event alone.
    item = tables.get_item(TableName=name, Key={"ticker": {"S": "AAPL"}})["Item"]
    assert item
    before = len(_done(place))
    _publish(place, "Prices Updated", ticker="AAPL", first="2013-03-01", last="2013-03-01", count=1)
    eventually(lambda: len(_done(place)) > before, within_s=60)


def _done(place: Place) -> list[dict[str, Any]]:
    return [
        each
        for each in place.logged("Enhancement")
        if each.get("message") == "handled" and each.get("messages")
    ]


def test_the_clock_polls_and_the_next_company_appears(place: Place, api: httpx2.Client) -> None:
    def companies() -> list[str]:
        return [each["ticker"] for each in api.get("/assets").json()["items"]]

    assert eventually(lambda: len(companies()) > 1, within_s=150)


def test_a_failed_ingest_is_reported(place: Place) -> None:
    _publish(
        place,
        "Ingestion Failed",
        ticker="IBM",
        data_set="news",
        reason="the provider is away",
        transient=False,
    )

    line = _reported(place, "the provider is away")

    assert line["detail_type"] == "Ingestion Failed"


def test_an_event_that_nobody_can_work_on_is_a_dead_letter_with_its_reason(place: Place) -> None:
    _publish(place, "News Ingested", poison=True)

    def failed(queue: str) -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = place.signal9("failures")["items"]
        return [each for each in letters if each["queue"] == queue and "poison" in each["body"]]

    (letter,) = eventually(lambda: failed("insights"), within_s=60)
    assert "NewsIngested: " in letter["reason"]
    assert "ticker: Field required" in letter["reason"]
    eventually(lambda: failed("notifications"), within_s=60)

    put_back = place.signal9("redrive", letter["id"])

    assert put_back == {"redriven": [letter["id"]], "left": []}
    (again,) = eventually(lambda: failed("insights"), within_s=60)
    assert again["id"] != letter["id"]


def test_what_cannot_be_read_waits_in_a_dead_letter_queue(place: Place) -> None:
    sqs = place.client("sqs")
    name = queue_name(place.settings, f"failures{DEAD_LETTERS}")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url).get("Messages", [])
        return found

    (message,) = eventually(look, within_s=150)

    assert (message["MessageId"], message["Body"]) == (place.unreadable, "poison")
