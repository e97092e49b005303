"""TIME_SERIES_DAILY and TIME_SERIES_DAILY_ADJUSTED: bars as traded, dividends and splits."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from ...domain import CorporateAction, PriceSeries, Ticker
from ...errors import PayloadError
from ..columns import DailyRow, series_of
from ..payload import models_of
from . import bodies
from .times import Stamped, read

__all__ = ["Daily", "read_daily"]

_ADJUSTED: Final = "adjusted close"


class Daily(NamedTuple):
    """Days of trading in one company, and what it did to its shares on them."""

    series: PriceSeries
    actions: list[CorporateAction]


def read_daily(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return what a body says of one company; `None` where it says nothing."""
    where = bodies.place("TIME_SERIES_DAILY", ticker)
    found = read(body, where)
    if not found.bars:
        return None
    about = found.ticker or ticker
    if about is None:
        raise PayloadError(f"{where}: it does not say which company it is about")
    with models_of(where):
        rows = [_row(bar) for bar in found.bars]
        actions = [each for bar in found.bars for each in _actions(about, bar)]
    return Daily(series_of(about, rows, where), actions)


def _row(bar: Stamped) -> DailyRow:
    adjusted = bar.values.get(_ADJUSTED)
    return DailyRow(
        day=date.fromisoformat(bar.stamp),
        open=Decimal(bar.values["open"]),
        high=Decimal(bar.values["high"]),
        low=Decimal(bar.values["low"]),
        close=Decimal(bar.values["close"]),
        volume=Decimal(bar.values["volume"]),
        adjusted_close=None if adjusted is None else Decimal(adjusted),
    )


def _actions(ticker: Ticker, bar: Stamped) -> Iterator[CorporateAction]:
    day = date.fromisoformat(bar.stamp)
    dividend = Decimal(bar.values.get("dividend amount", 0))
    ratio = Decimal(bar.values.get("split coefficient", 1))
    if dividend:
        yield CorporateAction(ticker=ticker, kind="dividend", ex_date=day, amount=dividend)
    if ratio != 1:
        yield CorporateAction(ticker=ticker, kind="split", ex_date=day, ratio=ratio)
