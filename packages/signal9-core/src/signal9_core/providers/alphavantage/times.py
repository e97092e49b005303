"""Bars of AlphaVantage, JSON or CSV, as rows by plain column names."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ...domain import Ticker
from ...errors import PayloadError
from .. import payload
from . import bodies
from .spelling import canonical

__all__ = ["Stamped", "TimeSeries", "read"]

_NUMBERED: Final = re.compile(r"^\d+[a-z]?\. ")
_PRICES: Final = ("open", "high", "low", "close", "volume")


class Stamped(NamedTuple):
    """A bar as it came: its stamp, and texts by column (`open`, `adjusted close`)."""

    stamp: str
    values: Mapping[str, str]


class TimeSeries(NamedTuple):
    """An answer of a time series function; `zone` is whose clock its stamps show."""

    ticker: Ticker | None
    zone: str | None
    bars: Sequence[Stamped]


def read(body: bytes, where: str) -> TimeSeries:
    """Return the bars in a body, in the order in which they came."""
    if not bodies.is_json(body):
        return TimeSeries(None, None, _rows(body, where))
    document = bodies.document(body, where, ("Meta Data",))
    if not document:
        return TimeSeries(None, None, ())
    meta = _by_plain_name(document["Meta Data"], where)
    found = next((each for name, each in document.items() if "Time Series" in name), None)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: Time Series is missing; there is {', '.join(document)}")
    bars = [Stamped(stamp, _bar(values, where, stamp)) for stamp, values in found.items()]
    symbol = meta.get("symbol")
    return TimeSeries(canonical(symbol) if symbol else None, meta.get("time zone"), bars)


def _rows(body: bytes, where: str) -> list[Stamped]:
    rows = payload.table(body, where, ("timestamp", *_PRICES))
    return [
        Stamped(row["timestamp"], {_plain(name): value for name, value in row.items()})
        for row in rows
    ]


def _bar(values: object, where: str, stamp: str) -> dict[str, str]:
    bar = _by_plain_name(values, where)
    payload.need(bar, _PRICES, f"{where}, {stamp}")
    return bar


def _by_plain_name(values: object, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise PayloadError(f"{where}: {values!r:.80} came in place of an object")
    return {_plain(name): str(value) for name, value in values.items()}


def _plain(name: str) -> str:
    return _NUMBERED.sub("", name).replace("_", " ").strip().lower()
