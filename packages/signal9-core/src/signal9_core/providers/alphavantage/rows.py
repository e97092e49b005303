"""Columns of texts as the rows of a series."""

from collections.abc import Sequence
from dataclasses import replace

from ...domain import PRICE_COLUMNS, Ticker
from ...errors import PayloadError
from .. import columns
from ..columns import Rows
from ..digits import kept, scaled, whole
from .times import TimeSeries

__all__ = ["company", "rows_of"]


def company(ticker: Ticker | None, where: str) -> Ticker:
    """Return whom a body is about; `PayloadError` where neither it nor the question says so."""
    if ticker is None:
        raise PayloadError(f"{where}: it does not say which company it is about")
    return ticker


def rows_of(found: TimeSeries, days: Sequence[int], where: str) -> Rows:
    """Return bars whose days are known; `ValueError` where something is no number."""
    adjusted = found.columns.get("adjusted close")
    if adjusted and None in adjusted:
        raise PayloadError(f"{where}: only some days have an adjusted close")
    prices = [found.columns[name] for name in PRICE_COLUMNS]
    rows = columns.rows_of(days, prices, whole(found.columns["volume"]))
    # They are computed, to the last digit of a float, and those of early years begin late.
    return replace(rows, adjusted_close=kept(scaled(adjusted))) if adjusted else rows
