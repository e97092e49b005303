"""SYMBOL_SEARCH: which listings may have been meant."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from ...domain import Currency, Exact, OpenModel, Ticker, blank_to_none
from ...errors import PayloadError
from ..payload import models_of, need, plain
from ..tickers import is_ticker
from . import bodies
from .spelling import canonical

__all__ = ["SymbolMatch", "read_search"]

_NUMBERED: Final = re.compile(r"^\d+\. ")
_REQUIRED: Final = ("symbol", "name", "matchScore")


class SymbolMatch(OpenModel):
    """A listing that fits the words, and how well, from 0 to 1."""

    ticker: Ticker
    name: str | None = None
    type: str | None = None
    region: str | None = None
    currency: Annotated[Currency | None, BeforeValidator(blank_to_none)] = None
    match_score: Exact


def read_search(body: bytes) -> list[SymbolMatch]:
    """Return the matches in a body, JSON or CSV, the best first."""
    where = bodies.place("SYMBOL_SEARCH", None)
    with models_of(where):
        return [
            SymbolMatch.model_validate({**_fields(row), "ticker": about})
            for row in _rows(body, where)
            if is_ticker(about := canonical(row["symbol"]))
        ]


def _fields(row: dict[str, str]) -> dict[str, object]:
    return {name: plain(value) for name, value in row.items() if name != "symbol"}


def _rows(body: bytes, where: str) -> list[dict[str, str]]:
    if not bodies.is_json(body):
        return bodies.table(body, where, _REQUIRED)
    matches = bodies.document(body, where, ("bestMatches",)).get("bestMatches", [])
    if not isinstance(matches, list):
        raise PayloadError(f"{where}: bestMatches is no list")
    found = []
    for each in matches:
        if not isinstance(each, dict):
            raise PayloadError(f"{where}: {each!r:.80} came in place of a match")
        row = {_NUMBERED.sub("", name): str(value) for name, value in each.items()}
        need(row, _REQUIRED, where)
        found.append(row)
    return found
