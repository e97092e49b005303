"""Alpaca's pages of bars as series, and its corporate actions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ...domain import (
    MINUTES_A_DAY,
    BarLength,
    CorporateAction,
    Interval,
    IntradayInterval,
    PriceSeries,
    Ticker,
)
from ...errors import PayloadError
from ..bars import Rows, series_of
from ..numbers import scaled_floats

__all__ = ["bars", "corporate_actions", "next_page_token"]

_PROVIDER: Final = "alpaca"
_NEW_YORK: Final = "America/New_York"


class _Bar(msgspec.Struct, gc=False):
    t: datetime
    o: float
    h: float
    l: float  # noqa: E741  # Alpaca's name
    c: float
    v: int


class _Page(msgspec.Struct):
    bars: dict[str, list[_Bar]] | list[_Bar] | None
    symbol: str = ""
    next_page_token: str | None = None


_PAGES: Final = msgspec.json.Decoder(_Page)


def bars(
    pages: Sequence[bytes], interval: BarLength = Interval.DAY
) -> Mapping[Ticker, PriceSeries]:
    """Return the bars of all pages by company; companies without bars are absent."""
    found: dict[str, list[_Bar]] = {}
    for page in map(_page, pages):
        by_symbol = page.bars if isinstance(page.bars, dict) else {page.symbol: page.bars or []}
        for symbol, more in by_symbol.items():
            found.setdefault(symbol, []).extend(more)
    return {symbol: _series(symbol, rows, interval) for symbol, rows in found.items() if rows}


def next_page_token(page: bytes) -> str | None:
    """Return what to ask for the next page with; `None` after the last one."""
    return _page(page).next_page_token


def _page(body: bytes) -> _Page:
    try:
        return _PAGES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"{_PROVIDER} sent no page of bars: {error}") from error


def _series(ticker: Ticker, found: Sequence[_Bar], interval: BarLength) -> PriceSeries:
    columns = {
        "open": [bar.o for bar in found],
        "high": [bar.h for bar in found],
        "low": [bar.l for bar in found],
        "close": [bar.c for bar in found],
    }
    days, minutes = _times(found, interval)
    try:
        prices = {name: scaled_floats(column) for name, column in columns.items()}
    except PayloadError as error:
        raise PayloadError(f"{_PROVIDER} sent {error} for {ticker}") from error
    volume = [bar.v for bar in found]
    rows = Rows(ticker, days, prices, volume, minutes=minutes, interval=interval)
    return series_of(rows, _PROVIDER)


def _times(
    found: Sequence[_Bar], interval: BarLength
) -> tuple[Sequence[int], Sequence[int] | None]:
    """Return days of trading and, within days, minutes; days are stamped at New York's midnight."""
    if not isinstance(interval, IntradayInterval):
        return [bar.t.toordinal() for bar in found], None
    zone = ZoneInfo(_NEW_YORK)
    days = [bar.t.astimezone(zone).toordinal() for bar in found]
    moments = [bar.t.astimezone(UTC) for bar in found]
    return days, [
        (moment.toordinal() - day) * MINUTES_A_DAY + moment.hour * 60 + moment.minute
        for moment, day in zip(moments, days, strict=True)
    ]


class _Split(msgspec.Struct):
    symbol: str
    ex_date: str
    new_rate: Decimal
    old_rate: Decimal


class _Rated(msgspec.Struct):
    symbol: str
    ex_date: str
    rate: Decimal


class _Kinds(msgspec.Struct):
    forward_splits: list[_Split] = []
    reverse_splits: list[_Split] = []
    stock_dividends: list[_Rated] = []
    cash_dividends: list[_Rated] = []


class _Actions(msgspec.Struct):
    corporate_actions: _Kinds


def corporate_actions(body: bytes) -> list[CorporateAction]:
    """Return splits and cash dividends, oldest first; a dividend in shares is a split."""
    try:
        kinds = msgspec.json.decode(body, type=_Actions).corporate_actions
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"{_PROVIDER} sent no corporate actions: {error}") from error
    ratios = [
        (each, each.new_rate / each.old_rate)
        for each in (*kinds.forward_splits, *kinds.reverse_splits)
    ]
    split = [_action(each, "split", ratio=ratio) for each, ratio in ratios]
    split += [_action(each, "split", ratio=1 + each.rate) for each in kinds.stock_dividends]
    paid = [_action(each, "dividend", amount=each.rate) for each in kinds.cash_dividends]
    return sorted([*split, *paid], key=lambda each: each.ex_date)


def _action(found: _Split | _Rated, kind: str, **figure: Decimal) -> CorporateAction:
    return CorporateAction.model_validate(
        {"ticker": found.symbol, "kind": kind, "ex_date": found.ex_date, **figure}
    )
