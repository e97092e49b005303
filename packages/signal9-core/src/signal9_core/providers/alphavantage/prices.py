"""Daily bars, splits and dividends of AlphaVantage, JSON or CSV."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import isinf, nan
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from ...domain.adjustment import AdjustedCloses, CorporateAction, one_a_day
from ...domain.model import Ticker, blank_to_none
from ...domain.prices import PRICE_COLUMNS, PriceSeries
from ...errors import PayloadError
from ..parsing import clean_fields, csv_table, decimal_or_none, require, series_of
from .responses import canonical, document, is_json, table

Columns = Mapping[str, Sequence[str]]

_NUMBERED: Final = re.compile(r"^\d+[a-z]?\. ")
_REQUIRED: Final = (*PRICE_COLUMNS, "volume")
_ACTIONS: Final = (
    ("dividend amount", "dividend", "amount", Decimal(0)),
    ("split coefficient", "split", "ratio", Decimal(1)),
)
"""The column, the kind of action, its field, and the value on days without one."""


class Daily(NamedTuple):
    """The daily bars of a company, with what came along: splits, dividends, adjusted closes."""

    series: PriceSeries
    actions: list[CorporateAction]
    adjusted: AdjustedCloses | None = None

    @property
    def ticker(self) -> Ticker:
        """The company."""
        return self.series.ticker


class _TimeSeries(msgspec.Struct):
    meta: dict[str, str] = msgspec.field(name="Meta Data")
    bars: dict[str, dict[str, str]] = msgspec.field(name="Time Series (Daily)")


_TIME_SERIES: Final = msgspec.json.Decoder(_TimeSeries)


def parse_daily(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return the bars of a company, oldest first; `None` if there are none."""
    symbol, columns = _json_columns(body) if is_json(body) else _csv_columns(body)
    about = canonical(symbol) if symbol else ticker
    if not columns:
        return None
    if about is None:
        raise PayloadError("the body does not say which company it is about")
    days = list(map(date.toordinal, map(date.fromisoformat, columns["timestamp"])))
    prices = [[*map(float, columns[name])] for name in PRICE_COLUMNS]
    actions = list(_actions(about, columns))
    ratios = {
        action.ex_date.toordinal(): Fraction(action.ratio) for action in actions if action.ratio
    }
    splits = ratios if "split coefficient" in columns else None
    series = series_of(about, days, prices, [*map(int, columns["volume"])], splits)
    return Daily(series, actions, _adjusted_closes(series, columns))


def _json_columns(body: bytes) -> tuple[str | None, Columns]:
    try:
        time_series = _TIME_SERIES.decode(body)
    except msgspec.DecodeError:
        if document(body, ("Meta Data", "Time Series (Daily)")):
            raise
        return None, {}
    bars, days = time_series.bars, sorted(time_series.bars)
    if not bars:
        return None, {}
    names = {_plain(name): name for name in bars[days[0]]}
    require(names, _REQUIRED)
    try:
        rows = map(itemgetter(*names.values()), map(bars.__getitem__, days))
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    except KeyError as error:
        raise PayloadError(f"some bars have no {error}") from error
    meta = {_plain(name): text for name, text in time_series.meta.items()}
    return meta.get("symbol"), {**columns, "timestamp": days}


def _csv_columns(body: bytes) -> tuple[None, Columns]:
    names, rows = csv_table(body, ("timestamp", *_REQUIRED))
    rows.sort(key=itemgetter(names.index("timestamp")))
    columns = zip(map(_plain, names), zip(*rows, strict=True), strict=False)
    return None, dict(columns)


def _plain(name: str) -> str:
    return _NUMBERED.sub("", name).replace("_", " ").strip().lower()


def _adjusted_closes(series: PriceSeries, columns: Columns) -> AdjustedCloses | None:
    texts = columns.get("adjusted close")
    if texts is None:
        return None
    try:
        closes = [*map(float, texts)]
    except ValueError:  # some days have none
        closes = [nan if blank_to_none(text) is None else float(text) for text in texts]
    if any(map(isinf, closes)):
        raise PayloadError(f"{series.ticker}: an infinite adjusted close")
    return AdjustedCloses(series, closes, max(map(_decimals, texts)))


def _decimals(text: str) -> int:
    return len(text) - text.find(".") - 1 if "." in text else 0


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


def parse_splits(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the splits of a company, oldest first."""
    return _action_list(body, ticker, "split", "effective_date", "split_factor", "ratio")


def parse_dividends(body: bytes, ticker: Ticker | None) -> list[CorporateAction]:
    """Return the dividends of a company, oldest first, one for each day."""
    return _action_list(body, ticker, "dividend", "ex_dividend_date", "amount", "amount")


def _action_list(
    body: bytes, ticker: Ticker | None, kind: str, day: str, figure: str, field: str
) -> list[CorporateAction]:
    rows: Sequence[dict[str, Any]]
    if is_json(body):
        content = document(body, ("symbol", "data"))
        rows = msgspec.convert(content.get("data") or [], list[dict[str, Any]])
        ticker = canonical(str(content.get("symbol")))
    else:
        rows = table(body, (day, figure))
    actions = []
    for raw in rows:
        require(raw, (day, figure))
        known = {"ticker": ticker, "kind": kind, "exDate": raw[day]}
        known[field] = decimal_or_none(raw[figure])
        extra = clean_fields(raw, (day, figure))
        actions.append(CorporateAction.model_validate(extra | known))
    return one_a_day(actions)
