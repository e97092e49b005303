"""AlphaVantage's bodies as documents and tables; what says why there is none raises."""

from collections.abc import Mapping, Sequence

from ...domain import Ticker
from ...errors import PayloadError
from .. import parsing as payload
from .errors import is_empty_result, refusal, text_of

__all__ = ["document", "is_json", "place", "table"]


def place(function: str, ticker: Ticker | None) -> str:
    """Return what messages call a question."""
    return f"alphavantage {function}" + (f" {ticker}" if ticker else "")


def is_json(body: bytes) -> bool:
    """Tell whether a body is JSON; texts in place of data are, also where a table was asked for."""
    return body.lstrip()[:1] == b"{"


def document(body: bytes, where: str, required: Sequence[str] = ()) -> Mapping[str, object]:
    """Return a JSON body; without any field where there is nothing of what was asked."""
    found = payload.decode(body, where)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: {type(found).__name__} came in place of an object")
    text = text_of(found)
    if text is not None:
        if is_empty_result(text):
            return {}
        raise refusal(text, where)
    if found:
        payload.need(found, required, where)
    return found


def table(body: bytes, where: str, required: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV body; a text in place of a table raises what it means."""
    if is_json(body):
        found = document(body, where)
        if found:
            raise PayloadError(f"{where}: an object came in place of a table: {list(found)[:12]}")
        return []
    return payload.table(body, where, required)
