"""TIME_SERIES_DAILY and TIME_SERIES_DAILY_ADJUSTED: bars as traded, dividends and splits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from ...domain import CorporateAction, PriceSeries, Ticker
from ..columns import Rows, series_of
from ..digits import decimal
from ..payload import models_of
from . import bodies
from .regular import read_regular
from .rows import company, rows_of
from .times import TimeSeries, about, read

__all__ = ["Daily", "read_by_name", "read_daily"]

_ACTIONS: Final = (
    ("dividend amount", "dividend", "amount", Decimal(0)),
    ("split coefficient", "split", "ratio", Decimal(1)),
)
"""The column of each action, what it is called here, and what it says where there is none."""


class Daily(NamedTuple):
    """Days of trading in one company, and what it did to its shares on them."""

    series: PriceSeries
    actions: list[CorporateAction]


def read_daily(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return what a body says of one company; `None` where it says nothing."""
    where = bodies.place("TIME_SERIES_DAILY", ticker)
    with models_of(where):
        found = read_regular(body)
        if found is None:
            return read_by_name(body, ticker)
        about_whom = company(about(found.meta, where)[0] or ticker, where)
        rows = Rows(found.days, found.prices, found.scale, found.volume)
        return Daily(series_of(about_whom, rows, where), [])


def read_by_name(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return the same, whatever the order of columns, and however many decimals prices have."""
    where = bodies.place("TIME_SERIES_DAILY", ticker)
    found = read(body, where)
    if not found.stamps:
        return None
    with models_of(where):
        about_whom = company(found.ticker or ticker, where)
        days = list(map(date.toordinal, map(date.fromisoformat, found.stamps)))
        rows, actions = rows_of(found, days, where), list(_actions(about_whom, found))
        if "split coefficient" in found.columns:
            splits = {each.ex_date.toordinal(): each.ratio for each in actions if each.ratio}
            rows = replace(rows, splits={day: Fraction(splits[day]) for day in splits})
        return Daily(series_of(about_whom, rows, where), actions)


def _actions(ticker: Ticker, found: TimeSeries) -> Iterator[CorporateAction]:
    """Yield dividends and splits; on most days there is neither, and the usual text says so."""
    for name, kind, field, none in _ACTIONS:
        texts = set(found.columns.get(name, ()))
        usual = {text for text in texts if decimal(text or str(none)) in {none, Decimal(0)}}
        for stamp, text in zip(found.stamps, found.columns.get(name, ()), strict=False):
            if text not in usual:
                yield CorporateAction.model_validate(
                    {"ticker": ticker, "kind": kind, "exDate": stamp, field: decimal(text)}
                )
