"""Bars of AlphaVantage, JSON or CSV, as columns of texts by plain name."""

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from ...domain import Ticker
from ...errors import PayloadError
from .. import payload
from . import bodies
from .spelling import canonical

__all__ = ["TimeSeries", "about", "read"]

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


class _Adjusted(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    open: str = msgspec.field(name="1. open")
    high: str = msgspec.field(name="2. high")
    low: str = msgspec.field(name="3. low")
    close: str = msgspec.field(name="4. close")
    adjusted_close: str = msgspec.field(name="5. adjusted close")
    volume: str = msgspec.field(name="6. volume")
    dividend_amount: str = msgspec.field(name="7. dividend amount")
    split_coefficient: str = msgspec.field(name="8. split coefficient")


class _Usual(msgspec.Struct, forbid_unknown_fields=True):
    meta: dict[str, str] = msgspec.field(name="Meta Data")
    bars: dict[str, _Adjusted] = msgspec.field(name="Time Series (Daily)")


_USUAL: Final = msgspec.json.Decoder(_Usual)


def read(body: bytes, where: str) -> TimeSeries:
    """Return the bars in a body, in the order in which they came."""
    if not bodies.is_json(body):
        columns = payload.columns(body, where, ("timestamp", *_PRICES))
        stamps = columns.pop("timestamp")
        return TimeSeries(None, None, stamps, {_plain(name): columns[name] for name in columns})
    try:
        return _usual(_USUAL.decode(body), where)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _by_name(bodies.document(body, where, ("Meta Data",)), where)


def about(meta: object, where: str) -> tuple[Ticker | None, str | None]:
    """Return whom a body is about and in which time zone, where its head says so."""
    said = _by_plain_name(meta, where)
    symbol = said.get("symbol")
    return canonical(symbol) if symbol else None, said.get("time zone")


def _usual(found: _Usual, where: str) -> TimeSeries:
    """Return adjusted bars with the columns that they have had for years."""
    bars = found.bars.values()
    columns = {
        "open": [bar.open for bar in bars],
        "high": [bar.high for bar in bars],
        "low": [bar.low for bar in bars],
        "close": [bar.close for bar in bars],
        "adjusted close": [bar.adjusted_close for bar in bars],
        "volume": [bar.volume for bar in bars],
        "dividend amount": [bar.dividend_amount for bar in bars],
        "split coefficient": [bar.split_coefficient for bar in bars],
    }
    return TimeSeries(*about(found.meta, where), list(found.bars), columns)


def _by_name(document: Mapping[str, object], where: str) -> TimeSeries:
    if not document:
        return TimeSeries(None, None, (), {})
    ticker, zone = about(document["Meta Data"], where)
    found = next((each for name, each in document.items() if "Time Series" in name), None)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: Time Series is missing; there is {', '.join(document)}")
    return TimeSeries(ticker, zone, list(found), _columns(found, where))


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
