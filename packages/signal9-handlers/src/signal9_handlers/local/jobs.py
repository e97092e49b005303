"""The jobs on this machine: the same functions, with events handed on as EventBridge would."""

import json
from typing import Final
from uuid import uuid4

from signal9_core.events import SOURCE, Event

from ..jobs import ingest
from .exchange import LocalContext

__all__ = ["envelope_of", "run_scheduled_ingest"]

_SCHEDULED: Final = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


def run_scheduled_ingest() -> None:
    """Refresh as the schedule would; the bus of this process sees to all that follows."""
    ingest.handler({"id": str(uuid4()), **_SCHEDULED}, LocalContext("ingest"))


def envelope_of(event: Event) -> dict[str, object]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "source": SOURCE,
        "detail-type": event.detail_type,
        "time": event.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": "local",
        "resources": [],
        "detail": json.loads(event.model_dump_json()),
    }
