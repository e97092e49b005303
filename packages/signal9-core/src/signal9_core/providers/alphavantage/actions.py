"""SPLITS and DIVIDENDS: all that a company ever did to its shares, a function for each kind."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from ...domain import CorporateAction, Ticker, one_a_day
from ...errors import PayloadError
from ..payload import models_of, need, plain
from . import bodies
from .spelling import canonical

__all__ = ["read_dividends", "read_splits"]

Raw = Mapping[str, object]


class _Kind(NamedTuple):
    function: str
    kind: str
    day: str
    figure: str
    field: str


_SPLITS: Final = _Kind("SPLITS", "split", "effective_date", "split_factor", "ratio")
_DIVIDENDS: Final = _Kind("DIVIDENDS", "dividend", "ex_dividend_date", "amount", "amount")


def read_splits(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the splits in a body, JSON or CSV, oldest first."""
    return _read(body, ticker, _SPLITS)


def read_dividends(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the dividends in a body, JSON or CSV, oldest first, one for each day."""
    return _read(body, ticker, _DIVIDENDS)


def _read(body: bytes, ticker: Ticker | None, kind: _Kind) -> list[CorporateAction]:
    where = bodies.place(kind.function, ticker)
    about, rows = _rows(body, ticker, kind, where)
    with models_of(where):
        return one_a_day(_action(about, raw, kind, where) for raw in rows)


def _rows(
    body: bytes, ticker: Ticker | None, kind: _Kind, where: str
) -> tuple[Ticker, Sequence[Raw]]:
    """Return whom a body is about, and its rows; a table does not say whom."""
    if not bodies.is_json(body):
        return ticker or "", bodies.table(body, where, (kind.day, kind.figure))
    found = bodies.document(body, where, ("symbol", "data"))
    rows = found.get("data") or []
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise PayloadError(f"{where}: data is no list of objects")
    return canonical(str(found.get("symbol", ticker))), rows


def _action(ticker: Ticker, raw: Raw, kind: _Kind, where: str) -> CorporateAction:
    need(raw, (kind.day, kind.figure), where)
    read = {kind.day, kind.figure}
    said = {name: plain(value) for name, value in raw.items() if name not in read}
    return CorporateAction.model_validate(
        {
            **said,
            "ticker": ticker,
            "kind": kind.kind,
            "exDate": raw[kind.day],
            kind.field: Decimal(str(raw[kind.figure])),
        }
    )
