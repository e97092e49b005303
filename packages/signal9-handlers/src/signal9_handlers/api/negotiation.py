"""Which of the media types that an answer comes in a client likes best."""

from collections.abc import Sequence
from typing import Final

from signal9_core.csv_export import to_csv
from signal9_core.schemas import FinancialsAnswer, PricesAnswer

from .http import REVALIDATE, content, ok
from .request import Request
from .response import JSON, Response

__all__ = ["CSV", "json_or_csv", "prefers_csv"]

CSV: Final = "text/csv"


def json_or_csv(
    request: Request, answer: PricesAnswer | FinancialsAnswer, fields: Sequence[str]
) -> Response:
    """Return the answer as JSON, or as CSV where that is liked better.

    CSV has no place for the cursor: it stands in the header `X-Next-Cursor`.
    """
    if not prefers_csv(request.header("accept")):
        return ok(answer, REVALIDATE, fields)
    more = {} if answer.next_cursor is None else {"X-Next-Cursor": answer.next_cursor}
    return content(to_csv(answer, fields), f"{CSV}; charset=utf-8", REVALIDATE, more)


def prefers_csv(accept: str) -> bool:
    """Tell whether an `Accept` header names CSV and likes it better than JSON."""
    liked = dict(_liking(each) for each in accept.split(",") if each.strip())
    anything = liked.get("*/*", liked.get("application/*", 0.0))
    return liked.get(CSV, 0.0) > liked.get(JSON, anything)


def _liking(entry: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
    for each in parameters:
        if each.startswith("q="):
            try:
                return media_type, float(each[2:])
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0
