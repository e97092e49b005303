"""TIME_SERIES_DAILY and TIME_SERIES_DAILY_ADJUSTED: bars as traded, dividends and splits."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from ...domain import CorporateAction, PriceSeries, Ticker
from ...errors import PayloadError
from ..columns import series_of
from ..payload import models_of
from . import bodies
from .times import TimeSeries, read

__all__ = ["Daily", "read_daily"]

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
    found = read(body, where)
    if not found.stamps:
        return None
    about = found.ticker or ticker
    if about is None:
        raise PayloadError(f"{where}: it does not say which company it is about")
    with models_of(where):
        days = [date.fromisoformat(stamp).toordinal() for stamp in found.stamps]
        actions = list(_actions(about, found))
        return Daily(series_of(about, days, found.columns, where), actions)


def _actions(ticker: Ticker, found: TimeSeries) -> Iterator[CorporateAction]:
    """Yield dividends and splits; on most days there is neither, and the usual text says so."""
    for name, kind, field, none in _ACTIONS:
        usual = {text for text in set(found.columns.get(name, ())) if Decimal(text or none) == none}
        for stamp, text in zip(found.stamps, found.columns.get(name, ()), strict=False):
            if text not in usual:
                yield CorporateAction.model_validate(
                    {"ticker": ticker, "kind": kind, "exDate": stamp, field: Decimal(text)}
                )
