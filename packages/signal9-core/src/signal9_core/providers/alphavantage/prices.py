"""Daily bars, splits and dividends of AlphaVantage, JSON or CSV."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from ...domain import PRICE_COLUMNS, CorporateAction, PriceSeries, Ticker, one_a_day
from ...errors import PayloadError
from ..parsing import (
    clean_fields,
    csv_table,
    decimal_or_none,
    payload_errors,
    require,
    series_of,
    shaped,
)
from .responses import canonical, document, is_json, place, table

__all__ = ["Daily", "parse_daily", "parse_dividends", "parse_splits"]

Columns = Mapping[str, Sequence[str]]

_NUMBERED: Final = re.compile(r"^\d+[a-z]?\. ")
_REQUIRED: Final = (*PRICE_COLUMNS, "volume")
_ACTIONS: Final = (
    ("dividend amount", "dividend", "amount", Decimal(0)),
    ("split coefficient", "split", "ratio", Decimal(1)),
)
"""The column, the kind of action, its field, and the value on days without one."""


class Daily(NamedTuple):
    """The daily bars of a company, with the splits and dividends that came along."""

    series: PriceSeries
    actions: list[CorporateAction]


class _TimeSeries(msgspec.Struct):
    meta: dict[str, str] = msgspec.field(name="Meta Data")
    bars: dict[str, dict[str, str]] = msgspec.field(name="Time Series (Daily)")


_TIME_SERIES: Final = msgspec.json.Decoder(_TimeSeries)


def parse_daily(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return the bars of a company, oldest first; `None` if there are none.

    The vendor's adjusted close is left out: it follows from the splits and dividends.
    """
    where = place("TIME_SERIES_DAILY", ticker)
    symbol, columns = _json_columns(body, where) if is_json(body) else _csv_columns(body, where)
    about = canonical(symbol) if symbol else ticker
    if not columns:
        return None
    if about is None:
        raise PayloadError(f"{where}: the body does not say which company it is about")
    with payload_errors(where):
        stamps = columns["timestamp"]
        days = list(map(date.toordinal, map(date.fromisoformat, stamps)))
        prices = [[*map(float, columns[name])] for name in PRICE_COLUMNS]
        actions = list(_actions(about, columns))
        splits = {action.ex_date.toordinal(): action.ratio for action in actions if action.ratio}
        ratios = {day: Fraction(ratio) for day, ratio in splits.items()}
        known = ratios if "split coefficient" in columns else None
        series = series_of(about, days, prices, [*map(int, columns["volume"])], where, known)
    return Daily(series, actions)


def _json_columns(body: bytes, where: str) -> tuple[str | None, Columns]:
    try:
        time_series = _TIME_SERIES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if document(body, where, ("Meta Data", "Time Series (Daily)")):
            raise PayloadError(f"{where}: {error}") from error
        return None, {}
    if not time_series.bars:
        return None, {}
    ordered = dict(sorted(time_series.bars.items()))
    first, bar = next(iter(ordered.items()))
    names = {_plain(name): name for name in bar}
    require(names, _REQUIRED, f"{where}, {first}")
    try:
        rows = map(itemgetter(*names.values()), ordered.values())
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    except KeyError as error:
        raise PayloadError(f"{where}: some bars have no {error}") from error
    meta = {_plain(name): text for name, text in time_series.meta.items()}
    return meta.get("symbol"), {**columns, "timestamp": list(ordered)}


def _csv_columns(body: bytes, where: str) -> tuple[None, Columns]:
    names, rows = csv_table(body, where, ("timestamp", *_REQUIRED))
    rows.sort(key=itemgetter(names.index("timestamp")))
    columns = zip(map(_plain, names), zip(*rows, strict=True), strict=False)
    return None, dict(columns)


def _plain(name: str) -> str:
    return _NUMBERED.sub("", name).replace("_", " ").strip().lower()


def _actions(ticker: Ticker, columns: Columns) -> Iterator[CorporateAction]:
    """Yield dividends and splits; on most days there is neither."""
    for column, kind, field, none in _ACTIONS:
        texts = columns.get(column, ())
        usual = {text for text in set(texts) if (decimal_or_none(text) or none) in {none, 0}}
        for stamp, text in zip(columns["timestamp"], texts, strict=False):
            if text not in usual:
                yield CorporateAction.model_validate(
                    {"ticker": ticker, "kind": kind, "exDate": stamp, field: decimal_or_none(text)}
                )


@dataclass(frozen=True)
class _ActionList:
    function: str
    kind: str
    day: str
    figure: str
    field: str

    def parse(self, body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
        where = place(self.function, ticker)
        about, rows = self._rows(body, ticker, where)
        with payload_errors(where):
            return one_a_day(self._action(about, raw, where) for raw in rows)

    def _rows(
        self, body: bytes, ticker: Ticker | None, where: str
    ) -> tuple[Ticker | None, Sequence[dict[str, Any]]]:
        if not is_json(body):
            return ticker, table(body, where, (self.day, self.figure))
        content = document(body, where, ("symbol", "data"))
        rows = shaped(content.get("data") or [], list[dict[str, Any]], where)
        return canonical(str(content.get("symbol"))), rows

    def _action(self, ticker: Ticker | None, raw: dict[str, Any], where: str) -> CorporateAction:
        require(raw, (self.day, self.figure), where)
        fields = {
            "ticker": ticker,
            "kind": self.kind,
            "exDate": raw[self.day],
            self.field: decimal_or_none(raw[self.figure]),
        }
        extra = clean_fields(raw, (self.day, self.figure))
        return CorporateAction.model_validate(extra | fields)


_SPLITS: Final = _ActionList("SPLITS", "split", "effective_date", "split_factor", "ratio")
_DIVIDENDS: Final = _ActionList("DIVIDENDS", "dividend", "ex_dividend_date", "amount", "amount")


def parse_splits(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the splits of a company, oldest first."""
    return _SPLITS.parse(body, ticker)


def parse_dividends(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the dividends of a company, oldest first, one for each day."""
    return _DIVIDENDS.parse(body, ticker)
