"""`/v2/stocks/bars`: pages of bars of many companies."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ...domain import PriceSeries, Ticker
from ...errors import PayloadError
from ..columns import series_of
from ..intraday import IntradayBar
from ..payload import models_of
from .bodies import place
from .spelling import canonical

__all__ = ["BarsPage", "RawBar", "daily_series", "intraday_bars", "read_bars", "read_daily_bars"]

_NAMES: Final = ("open", "high", "low", "close", "volume")
_NEW_YORK: Final = "America/New_York"


class RawBar(msgspec.Struct, frozen=True):
    """A bar as it came; `t` is when it begins."""

    t: datetime
    o: float
    h: float
    l: float  # noqa: E741 - Alpaca's name
    c: float
    v: float


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


def daily_series(ticker: Ticker, bars: Iterable[RawBar], where: str) -> PriceSeries:
    """Return bars of whole days as a series: each begins at midnight in New York."""
    zone = ZoneInfo(_NEW_YORK)
    rows = [(_day(bar.t, zone, where), bar.o, bar.h, bar.l, bar.c, bar.v) for bar in bars]
    days, *columns = zip(*rows, strict=True)
    with models_of(where):
        return series_of(ticker, days, dict(zip(_NAMES, columns, strict=True)), where)


def intraday_bars(ticker: Ticker, bars: Iterable[RawBar], where: str) -> list[IntradayBar]:
    """Return bars shorter than a day, oldest first."""
    with models_of(where):
        found = [
            IntradayBar(
                ticker=ticker,
                start=bar.t,
                open=Decimal(repr(bar.o)),
                high=Decimal(repr(bar.h)),
                low=Decimal(repr(bar.l)),
                close=Decimal(repr(bar.c)),
                volume=int(bar.v),
            )
            for bar in bars
        ]
    return sorted(found, key=lambda bar: bar.start)


def _day(stamp: datetime, zone: ZoneInfo, where: str) -> int:
    local = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).astimezone(zone)
    if local.time() != time():
        raise PayloadError(f"{where}: the bar of {stamp.isoformat()} does not span a whole day")
    return local.toordinal()
