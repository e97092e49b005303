"""EARNINGS_CALENDAR: who reports when; a table, whatever is asked for."""

from typing import Final

from ...domain import EarningsCalendarEntry, Ticker
from ..payload import fields, models_of
from ..tickers import is_ticker
from . import bodies
from .spelling import canonical

__all__ = ["read_calendar"]

_REQUIRED: Final = ("symbol", "reportDate", "fiscalDateEnding")


def read_calendar(body: bytes, ticker: Ticker | None = None) -> list[EarningsCalendarEntry]:
    """Return the announced dates in a body; symbols that are no tickers are left out."""
    where = bodies.place("EARNINGS_CALENDAR", ticker)
    found = []
    with models_of(where):
        for row in bodies.table(body, where, _REQUIRED):
            about = canonical(row["symbol"])
            if is_ticker(about):
                kept = fields(row, ("symbol",))
                found.append(EarningsCalendarEntry.model_validate({**kept, "ticker": about}))
    return found
