"""Bars of AlphaVantage, JSON or CSV, as rows by plain column names."""

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ...domain import Ticker
from ...errors import PayloadError
from .. import payload
from . import bodies
from .spelling import canonical

__all__ = ["TimeSeries", "read"]

_NUMBERED: Final = re.compile(r"^\d+[a-z]?\. ")
_PRICES: Final = ("open", "high", "low", "close", "volume")


class TimeSeries(NamedTuple):
    """An answer of a time series function: `stamps`, and texts by plain column name.

    `zone` is whose clock the stamps show. A column that some bars lack has `None` for them.
    """

    ticker: Ticker | None
    zone: str | None
    stamps: Sequence[str]
    columns: Mapping[str, Sequence[Any]]


def read(body: bytes, where: str) -> TimeSeries:
    """Return the bars in a body, in the order in which they came."""
    if not bodies.is_json(body):
        columns = payload.columns(body, where, ("timestamp", *_PRICES))
        stamps = columns.pop("timestamp")
        return TimeSeries(None, None, stamps, {_plain(name): columns[name] for name in columns})
    document = bodies.document(body, where, ("Meta Data",))
    if not document:
        return TimeSeries(None, None, (), {})
    meta = _by_plain_name(document["Meta Data"], where)
    found = next((each for name, each in document.items() if "Time Series" in name), None)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: Time Series is missing; there is {', '.join(document)}")
    symbol = meta.get("symbol")
    return TimeSeries(
        canonical(symbol) if symbol else None,
        meta.get("time zone"),
        list(found),
        _columns(found, where),
    )


def _columns(bars: Mapping[str, Any], where: str) -> dict[str, Sequence[Any]]:
    """Return the columns of bars by name; usually all bars have the same ones."""
    first: Any = next(iter(bars.values()), {})
    alike = isinstance(first, dict) and len(first) > 1
    if alike and all(type(bar) is dict and bar.keys() == first.keys() for bar in bars.values()):
        _need_prices({_plain(name): "" for name in first}, where, next(iter(bars)))
        rows = map(itemgetter(*first), bars.values())
        return dict(zip(map(_plain, first), zip(*rows, strict=True), strict=True))
    plain = [_by_plain_name(bar, where) for bar in bars.values()]
    for stamp, bar in zip(bars, plain, strict=True):
        _need_prices(bar, where, stamp)
    names = dict.fromkeys(name for bar in plain for name in bar)
    return {name: [bar.get(name) for bar in plain] for name in names}


def _need_prices(bar: Mapping[str, str], where: str, stamp: str) -> None:
    payload.need(bar, _PRICES, f"{where}, {stamp}")


def _by_plain_name(values: object, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise PayloadError(f"{where}: {values!r:.80} came in place of an object")
    return {_plain(name): str(value) for name, value in values.items()}


def _plain(name: str) -> str:
    return _NUMBERED.sub("", name).replace("_", " ").strip().lower()
