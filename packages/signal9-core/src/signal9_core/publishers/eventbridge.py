"""Events on their way to an EventBridge bus."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ..errors import PublishError
from ..events import SOURCE, Event
from .aws import client_config, publish_errors
from .delivery import LARGEST, Delivery, Refusal

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    Entry = PutEventsRequestEntryTypeDef

__all__ = ["EventBridgePublisher", "events_client"]

_TIME_BYTES: Final = 14
_PASSING: Final = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


def events_client(
    *, region: str | None = None, endpoint_url: str | None = None
) -> "EventBridgeClient":
    """Return a client; what is not given comes from where AWS's tools take it."""
    import boto3  # noqa: PLC0415  # core runs without it

    return boto3.client(
        "events", region_name=region, endpoint_url=endpoint_url, config=client_config()
    )


class EventBridgePublisher:
    """An `EventPublisher` that puts events on a bus."""

    def __init__(
        self, client: "EventBridgeClient", bus_name: str, delivery: Delivery | None = None
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._deliver = delivery or Delivery()

    def publish(self, events: Sequence[Event]) -> None:
        """Put every event on the bus, in order; nothing is sent if one of them is too large."""
        entries = [self._entry(event) for event in events]
        self._deliver(f"events for bus {self._bus_name}", entries, _size, self._send)

    def _entry(self, event: Event) -> "Entry":
        entry: Entry = {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Detail": event.model_dump_json(),
            "Time": event.at,
        }
        size = _size(entry)
        if size > LARGEST:
            raise PublishError(
                f"{event.detail_type} at {event.at}: {size} bytes, more than the {LARGEST} allowed"
            )
        return entry

    def _send(self, batch: "list[Entry]") -> list[Refusal]:
        with publish_errors(f"bus {self._bus_name}"):
            answer = self._client.put_events(Entries=batch)
        if not answer["FailedEntryCount"]:
            return []
        codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
        return [Refusal(place, code, code in _PASSING) for place, code in enumerate(codes) if code]


def _size(entry: "Entry") -> int:
    """Return the size by which EventBridge measures: texts in UTF-8, and 14 bytes for the time."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return _TIME_BYTES + sum(len(text.encode()) for text in texts)
