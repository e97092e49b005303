"""LISTING_STATUS: what is or was listed in the United States; a table, whatever is asked for."""

from typing import Final

from ...domain import Asset, Ticker
from ..payload import fields, models_of
from ..tickers import is_ticker
from . import bodies
from .spelling import canonical

__all__ = ["read_listing"]

_REQUIRED: Final = ("symbol", "name", "exchange", "assetType", "status")
_STATUS: Final = {"active": "active", "delisted": "inactive"}


def read_listing(body: bytes, ticker: Ticker | None = None) -> list[Asset]:
    """Return the listings in a body; what is no ticker (`NXT(EXP20091224)`) is left out."""
    where = bodies.place("LISTING_STATUS", ticker)
    rows = bodies.table(body, where, _REQUIRED)
    with models_of(where):
        return [_asset(row, about) for row in rows if is_ticker(about := canonical(row["symbol"]))]


def _asset(row: dict[str, str], ticker: Ticker) -> Asset:
    kept = fields(row, ("symbol",))
    status = row["status"].strip().lower()
    return Asset.model_validate({**kept, "ticker": ticker, "status": _STATUS.get(status, status)})
