"""Price history as the API serves it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from ..answers import BarRow, PriceColumns, PricesAnswer
from ..domain import Interval, PriceSeries, adjust, resample
from ..errors import InputError
from ..ports import Cursor
from ..repositories import ActionRepository, AssetRepository, PriceRepository
from .cursors import CursorSigner
from .parameters import Nearest, check_limit, check_range, existing

__all__ = ["GetPrices"]

LIMIT: Final = 10_000
_LONGEST_MONTH: Final = 31


@dataclass(frozen=True)
class GetPrices:
    """Bars of one company, oldest first."""

    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    cursors: CursorSigner
    nearest: Nearest

    def __call__(
        self,
        ticker: str,
        *,
        first: date | None = None,
        last: date | None = None,
        interval: Interval = Interval.DAY,
        adjusted: bool = False,
        shape: Literal["rows", "columns"] = "rows",
        limit: int = 5_000,
        cursor: str | None = None,
    ) -> PricesAnswer:
        """Return a page of bars from `first` to `last`, both included.

        Weeks and months are whole at both ends: a range selects them by their last trading day.
        """
        check_limit(limit, LIMIT)
        check_range(first, last)
        profile = existing(self.assets, ticker, self.nearest)
        query = {
            "of": "prices",
            "ticker": profile.asset.ticker,
            "from": first,
            "to": last,
            "interval": interval.value,
            "adjusted": adjusted,
        }
        position = self.cursors.read(query, cursor)
        series = self.series(profile.asset.ticker, first, last, interval, adjusted=adjusted)
        start = 0 if position is None else _start(series, position)
        page = series.slice(start, start + limit)
        more = {"after": page.day(-1).isoformat()} if start + limit < len(series) else None
        return PricesAnswer(
            ticker=series.ticker,
            interval=interval,
            adjusted=adjusted,
            currency=series.currency,
            items=_rows(page) if shape == "rows" else _columns(page),
            next_cursor=self.cursors.sign(query, more),
        )

    def series(
        self,
        ticker: str,
        first: date | None,
        last: date | None,
        interval: Interval,
        *,
        adjusted: bool,
    ) -> PriceSeries:
        """Return the bars themselves; `InputError` where adjusted ones cannot be had."""
        margin = 0 if interval is Interval.DAY else _LONGEST_MONTH
        first_needed, last_needed = _moved(first, -margin), _moved(last, margin)
        stored = self.prices.between(ticker, first_needed, last_needed)
        if adjusted and len(stored):
            stored = self._adjusted(stored)
        return resample(stored, interval).between(first, last)

    def _adjusted(self, stored: PriceSeries) -> PriceSeries:
        """Adjust by the source's adjusted closes or, without these, by splits and dividends."""
        if stored.adjusted_close is not None:
            return stored.adjusted()
        ticker, first, last = stored.ticker, stored.day(0), stored.day(-1)
        actions = self.actions.since(ticker, first)
        if not actions:
            raise InputError("adjusted", f"{ticker} has no adjusted prices")
        # A dividend counts by the close of its day, which may come after the last one asked for.
        whole = self.prices.between(ticker, first)
        return adjust(whole, actions).between(first, last)


def _moved(day: date | None, by: int) -> date | None:
    """Return the day so many days on; `None`, an open side, where the calendar ends."""
    try:
        return None if day is None else day + timedelta(days=by)
    except OverflowError:
        return None


def _start(series: PriceSeries, position: Cursor) -> int:
    after = date.fromisoformat(position["after"])
    return len(series.between(None, after))


def _rows(series: PriceSeries) -> list[BarRow]:
    columns = zip(
        map(date.fromordinal, series.days),
        series.prices("open"),
        series.prices("high"),
        series.prices("low"),
        series.prices("close"),
        series.volume,
        strict=True,
    )
    return [
        BarRow.model_construct(
            date=day, open=opened, high=high, low=low, close=closed, volume=volume
        )
        for day, opened, high, low, closed, volume in columns
    ]


def _columns(series: PriceSeries) -> PriceColumns:
    return PriceColumns.model_construct(
        date=[date.fromordinal(day) for day in series.days],
        open=series.prices("open"),
        high=series.prices("high"),
        low=series.prices("low"),
        close=series.prices("close"),
        volume=list(series.volume),
    )
