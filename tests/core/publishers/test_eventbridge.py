import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from signal9_core.errors import PublishError
from signal9_core.events import AssetDataUpdated, IngestionFailed, PricesUpdated, event_from
from signal9_core.publishers import LARGEST, Delivery, EventBridgePublisher, events_client

from .conftest import REGION, Inbox

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

AT = datetime(2024, 1, 8, 12, tzinfo=UTC)


class Bus:
    """An EventBridge client that refuses what its rule says, as often as it says."""

    def __init__(self, codes: dict[str, list[str]]) -> None:
        self.taken: list[str] = []
        self._codes = codes

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, object]:  # noqa: N803
        results: list[dict[str, str]] = []
        for entry in Entries:
            ticker = json.loads(entry["Detail"])["ticker"]
            codes = self._codes.get(ticker, [])
            if codes:
                results.append({"ErrorCode": codes.pop(0), "ErrorMessage": "no"})
            else:
                self.taken.append(ticker)
                results.append({"EventId": ticker})
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def publisher(self) -> EventBridgePublisher:
        delivery = Delivery(sleep=lambda _: None)
        return EventBridgePublisher(cast("EventBridgeClient", self), "bus", delivery)


class BrokenBus:
    """A client whose every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def put_events(self, **_: object) -> dict[str, object]:
        raise self._error


def prices_updated(ticker: str) -> PricesUpdated:
    return PricesUpdated(
        at=AT, ticker=ticker, first=date(2024, 1, 2), last=date(2024, 1, 5), count=4
    )


def test_events_arrive_on_the_bus_in_the_form_that_handlers_read(inbox: Inbox) -> None:
    events = boto3.client("events", region_name=REGION)
    events.create_event_bus(Name="bus")
    events.put_rule(
        Name="all", EventBusName="bus", EventPattern=json.dumps({"source": ["signal9.data"]})
    )
    events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "inbox", "Arn": inbox.arn}])
    sent = [
        *(prices_updated(f"T{number}") for number in range(23)),
        AssetDataUpdated(at=AT, tickers=("BRK.B",), data_set="overview"),
    ]

    EventBridgePublisher(events_client(region=REGION), "bus").publish(sent)

    arrived = inbox.messages()
    assert {each["source"] for each in arrived} == {"signal9.data"}
    assert sorted(map(event_from, arrived), key=repr) == sorted(sent, key=repr)


def test_nothing_to_publish_asks_nothing_of_the_bus() -> None:
    broken = BrokenBus(AssertionError("asked"))

    EventBridgePublisher(cast("EventBridgeClient", broken), "bus").publish([])


def test_only_refused_events_are_put_again_until_they_are_taken() -> None:
    bus = Bus({"T3": ["ThrottlingException", "InternalFailure"], "T12": ["ThrottlingException"]})

    bus.publisher().publish([prices_updated(f"T{number}") for number in range(14)])

    assert sorted(bus.taken) == sorted(f"T{number}" for number in range(14))


def test_what_stays_refused_is_named_by_number_and_code() -> None:
    bus = Bus({"T1": ["ThrottlingException"] * 99, "T2": ["MalformedDetail"]})

    with pytest.raises(
        PublishError, match=r"bus: 2 of 3 refused: 1 MalformedDetail, 1 ThrottlingException"
    ):
        bus.publisher().publish([prices_updated(f"T{number}") for number in range(3)])

    assert bus.taken == ["T0"]


def test_an_event_that_is_too_large_is_named_and_nothing_is_sent() -> None:
    bus = Bus({})
    huge = IngestionFailed(
        at=AT, ticker="AAPL", data_set="listing", reason="ö" * (LARGEST // 2), transient=False
    )

    with pytest.raises(PublishError, match=r"^Ingestion Failed at 2024-01-08 .*: 26\d{4} bytes"):
        bus.publisher().publish([prices_updated("AAPL"), huge])

    assert not bus.taken


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://events.example.com"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"),
    ],
)
def test_an_error_of_botocore_becomes_a_publish_error(error: Exception) -> None:
    publisher = EventBridgePublisher(cast("EventBridgeClient", BrokenBus(error)), "bus")

    with pytest.raises(PublishError, match="bus bus: ") as caught:
        publisher.publish([prices_updated("AAPL")])

    assert caught.value.__cause__ is error


def test_the_client_gives_up_in_seconds() -> None:
    config = vars(events_client(region=REGION).meta.config)

    assert config["retries"] == {"mode": "standard", "total_max_attempts": 4}
    assert (config["connect_timeout"], config["read_timeout"]) == (2, 5)
