"""AlphaVantage's time series, JSON or CSV, as series.

Everything is text there, newest first. Times within days are those of New York without saying so,
and an error comes as a JSON object with one text, whatever was asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from ...domain import (
    MINUTES_A_DAY,
    PRICE_COLUMNS,
    CorporateAction,
    IntradayInterval,
    PriceSeries,
    Ticker,
)
from ...errors import PayloadError
from ..bars import Rows, series_of
from ..numbers import scaled_texts
from .tables import Table, read_table

__all__ = ["corporate_actions", "daily", "daily_adjusted", "intraday"]

_PROVIDER: Final = "alphavantage"
_DAILY: Final = "Time Series (Daily)"
_NEW_YORK: Final = "America/New_York"


def daily(body: bytes, ticker: Ticker | None = None) -> PriceSeries:
    """Return TIME_SERIES_DAILY; `ticker` is needed where the body is CSV."""
    table = read_table(body, _DAILY, ticker)
    return series_of(_rows(table, _ordinals(table)), _PROVIDER)


def daily_adjusted(body: bytes, ticker: Ticker | None = None) -> PriceSeries:
    """Return TIME_SERIES_DAILY_ADJUSTED: prices as traded, and adjusted closes beside them."""
    table = read_table(body, _DAILY, ticker, adjusted=True)
    days = _ordinals(table)
    splits = {
        day: Fraction(_decimal(ratio))
        for day, ratio in zip(days, table.split_coefficient, strict=True)
        if ratio != "1.0" and _decimal(ratio) > 0
    }
    adjusted = scaled_texts(table.adjusted_close)
    rows = replace(_rows(table, days), adjusted_close=adjusted, splits=splits)
    return series_of(rows, _PROVIDER)


def corporate_actions(body: bytes, ticker: Ticker | None = None) -> list[CorporateAction]:
    """Return the splits and dividends that TIME_SERIES_DAILY_ADJUSTED tells of, oldest first."""
    table = read_table(body, _DAILY, ticker, adjusted=True)
    found = []
    columns = table.times, table.dividend_amount, table.split_coefficient
    for time, amount, ratio in zip(*columns, strict=True):
        if _decimal(ratio) not in {Decimal(0), Decimal(1)}:
            found.append(_action(table, "split", time, ratio=_decimal(ratio)))
        if _decimal(amount):
            found.append(_action(table, "dividend", time, amount=_decimal(amount)))
    return sorted(found, key=lambda each: each.ex_date)


def intraday(body: bytes, interval: IntradayInterval, ticker: Ticker | None = None) -> PriceSeries:
    """Return TIME_SERIES_INTRADAY, with moments in UTC and days of trading in New York."""
    table = read_table(body, f"Time Series ({interval})", ticker)
    zone = ZoneInfo(_NEW_YORK)
    try:
        moments = [datetime.fromisoformat(time).replace(tzinfo=zone) for time in table.times]
    except ValueError as error:
        raise PayloadError(f"{_PROVIDER} sent bars of {table.ticker} at {error}") from error
    days = [moment.toordinal() for moment in moments]
    minutes = [_minutes(moment) for moment in moments]
    return series_of(replace(_rows(table, days), minutes=minutes, interval=interval), _PROVIDER)


def _rows(table: Table, days: Sequence[int]) -> Rows:
    try:
        prices = {name: scaled_texts(getattr(table, name)) for name in PRICE_COLUMNS}
    except PayloadError as error:
        raise PayloadError(f"{_PROVIDER} sent prices of {table.ticker}: {error}") from error
    return Rows(table.ticker, days, prices, table.volume)


def _ordinals(table: Table) -> list[int]:
    try:
        return [*map(date.toordinal, map(date.fromisoformat, table.times))]
    except ValueError as error:
        raise PayloadError(f"{_PROVIDER} sent bars of {table.ticker} on {error}") from error


def _minutes(moment: datetime) -> int:
    """Return how many minutes of the day, in UTC, have passed; more than a day late at night."""
    there = moment.astimezone(UTC)
    days = there.toordinal() - moment.toordinal()
    return days * MINUTES_A_DAY + there.hour * 60 + there.minute


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise PayloadError(f"{_PROVIDER} sent {text!r} as a number") from error


def _action(table: Table, kind: str, time: str, **figure: Decimal) -> CorporateAction:
    return CorporateAction.model_validate(
        {"ticker": table.ticker, "kind": kind, "ex_date": time, **figure}
    )
