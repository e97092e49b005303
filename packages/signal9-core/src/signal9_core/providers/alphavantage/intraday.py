"""TIME_SERIES_INTRADAY: bars of minutes, stamped by a clock on a wall in New York."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...domain import Ticker
from ...errors import PayloadError
from ..intraday import IntradayBar
from ..payload import models_of
from . import bodies
from .times import read

__all__ = ["read_intraday"]

_ZONES: Final = {"US/Eastern": "America/New_York"}
_PRICES: Final = ("open", "high", "low", "close", "volume")
_UNSAID: Final = "US/Eastern"


def read_intraday(body: bytes, ticker: Ticker | None) -> list[IntradayBar]:
    """Return the bars of a body, oldest first."""
    where = bodies.place("TIME_SERIES_INTRADAY", ticker)
    found = read(body, where)
    about = found.ticker or ticker
    if about is None and found.stamps:
        raise PayloadError(f"{where}: it does not say which company it is about")
    zone = _zone(found.zone or _UNSAID, where)
    with models_of(where):
        columns = [found.columns.get(name, ()) for name in _PRICES]
        bars = [
            IntradayBar(
                ticker=about or "",
                start=datetime.fromisoformat(stamp).replace(tzinfo=zone),
                volume=int(volume),
                **dict(zip(_PRICES, map(Decimal, prices), strict=False)),
            )
            for stamp, *prices, volume in zip(found.stamps, *columns, strict=False)
        ]
    return sorted(bars, key=lambda bar: bar.start)


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(_ZONES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PayloadError(f"{where}: no time zone is called {name!r}") from error
