"""What goes back over the wire."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Reply", "as_csv", "as_json"]


@dataclass(frozen=True)
class Reply:
    """A response; `cut` breaks the connection off in the middle of the body."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(value).encode(), status, headers=headers)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Reply:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([columns, *rows])
    return Reply(text.getvalue().encode(), content_type="application/x-download")
