"""TIME_SERIES_INTRADAY: bars of minutes, stamped by a clock on a wall in New York."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...domain import IntradayInterval, PriceSeries, Ticker
from ...errors import PayloadError
from ..columns import series_of
from ..moments import moments_of
from ..payload import models_of
from . import bodies
from .rows import company, rows_of
from .times import read

__all__ = ["read_intraday"]

_ZONES: Final = {"US/Eastern": "America/New_York"}
_UNSAID: Final = "US/Eastern"


def read_intraday(
    body: bytes, ticker: Ticker | None, interval: IntradayInterval
) -> PriceSeries | None:
    """Return the bars of a body, oldest first; `None` where it has none."""
    where = bodies.place("TIME_SERIES_INTRADAY", ticker)
    found = read(body, where)
    zone = _zone(found.zone or _UNSAID, where)
    if not found.stamps:
        return None
    with models_of(where):
        stamps = map(datetime.fromisoformat, found.stamps)
        days, minutes = moments_of(stamp.replace(tzinfo=zone) for stamp in stamps)
        rows = replace(rows_of(found, days, where), minutes=minutes, interval=interval)
        return series_of(company(found.ticker or ticker, where), rows, where)


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(_ZONES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PayloadError(f"{where}: no time zone is called {name!r}") from error
