"""`/v2/stocks/bars`: pages of bars of many companies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ...domain import IntradayInterval, PriceSeries, Ticker
from ...errors import PayloadError
from ..columns import Rows, rows_of, series_of
from ..moments import moments_of
from ..payload import models_of
from .bodies import place
from .spelling import canonical

__all__ = ["BarsPage", "RawBar", "daily_series", "intraday_series", "read_bars", "read_daily_bars"]

_NEW_YORK: Final = "America/New_York"
_STAMPS: Final = 1 << 15
"""More days than stocks have been traded electronically on."""


class RawBar(msgspec.Struct, frozen=True, gc=False):
    """A bar as it came; `t` is when it begins."""

    t: str
    o: float
    h: float
    l: float  # noqa: E741 - Alpaca's name
    c: float
    v: int


class BarsPage(msgspec.Struct, frozen=True):
    """Bars by symbol; a company that is not known, or did not trade, is not there."""

    bars: dict[str, list[RawBar]] | list[RawBar] | None
    next_page_token: str | None
    symbol: str | None = None

    def by_ticker(self, where: str) -> Mapping[Ticker, Sequence[RawBar]]:
        """Return the bars of each company, whether one was asked about or many."""
        if isinstance(self.bars, dict):
            return {canonical(symbol): bars for symbol, bars in self.bars.items() if bars}
        if not self.bars:
            return {}
        if self.symbol is None:
            raise PayloadError(f"{where}: symbol is missing")
        return {canonical(self.symbol): self.bars}


_PAGE: Final = msgspec.json.Decoder(BarsPage)


def read_bars(body: bytes, where: str) -> BarsPage:
    """Return a page; `PayloadError` names the field that is missing or is not what it should be."""
    try:
        return _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"{where}: {error}") from error


def read_daily_bars(body: bytes, ticker: Ticker | None = None) -> list[PriceSeries]:
    """Return the daily bars in a body, a series for each company."""
    where = place("stocks_bars", ticker)
    found = read_bars(body, where).by_ticker(where)
    return [daily_series(about, bars, where) for about, bars in found.items()]


def daily_series(ticker: Ticker, bars: Sequence[RawBar], where: str) -> PriceSeries:
    """Return bars of whole days as a series: each begins at midnight in New York."""
    with models_of(where):
        days = [_day(bar.t) for bar in bars]
        return series_of(ticker, _rows(days, bars), where)


def intraday_series(
    ticker: Ticker, bars: Sequence[RawBar], interval: IntradayInterval, where: str
) -> PriceSeries:
    """Return bars shorter than a day as a series."""
    with models_of(where):
        days, minutes = moments_of(_moment(bar.t) for bar in bars)
        rows = replace(_rows(days, bars), minutes=minutes, interval=interval)
        return series_of(ticker, rows, where)


def _rows(days: Sequence[int], bars: Sequence[RawBar]) -> Rows:
    prices = (
        [bar.o for bar in bars],
        [bar.h for bar in bars],
        [bar.l for bar in bars],
        [bar.c for bar in bars],
    )
    return rows_of(days, prices, [bar.v for bar in bars])


@lru_cache(maxsize=_STAMPS)
def _day(stamp: str) -> int:
    """Return the ordinal of the day that a stamp begins; thousands of companies share each."""
    local = _moment(stamp).astimezone(ZoneInfo(_NEW_YORK))
    if local.time() != time():
        raise ValueError(f"the bar of {stamp} does not span a whole day")
    return local.toordinal()


def _moment(stamp: str) -> datetime:
    found = datetime.fromisoformat(stamp)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
