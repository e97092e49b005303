"""Price history as the API serves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from ..answers import PriceBatchAnswer, PricesAnswer
from ..domain import DataSet, Interval, PriceSeries, adjust, resample
from ..errors import InputError, NotFoundError
from ..ports import Cursor
from ..repositories import ActionRepository, AssetRepository, PriceRepository
from .assets import freshness_of
from .bars import BarRows
from .cursors import CursorSigner
from .parameters import Nearest, check_limit, check_range, existing, several_tickers

__all__ = ["GetPriceBatch", "GetPrices"]

LIMIT: Final = 10_000
BATCH: Final = 20
BATCH_LIMIT: Final = 1_000

Order = Literal["asc", "desc"]
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
        order: Order = "asc",
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
            **({} if order == "asc" else {"order": order}),
        }
        position = self.cursors.read(query, cursor)
        series = self.series(profile.asset.ticker, first, last, interval, adjusted=adjusted)
        page, more = _page(series, position, order, limit)
        rows = BarRows(page, newest_first=order == "desc")
        return PricesAnswer.model_construct(
            ticker=series.ticker,
            interval=interval,
            adjusted=adjusted,
            currency=series.currency,
            items=rows if shape == "rows" else rows.columns(),
            next_cursor=self.cursors.sign(query, more),
            freshness=freshness_of(profile, DataSet.PRICES),
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
        stored = self.prices.between(ticker, first_needed, last_needed, consistent=False)
        if adjusted and len(stored):
            stored = self._adjusted(stored)
        return resample(stored, interval).between(first, last)

    def _adjusted(self, stored: PriceSeries) -> PriceSeries:
        """Adjust by the source's adjusted closes or, without these, by splits and dividends."""
        if stored.adjusted_close is not None:
            return stored.adjusted()
        ticker, first, last = stored.ticker, stored.day(0), stored.day(-1)
        # Even what is too old to count tells that somebody knows of this company's actions.
        actions, told = self.actions.known(ticker)
        if told is None and not actions:
            raise InputError("adjusted", f"{ticker} has no adjusted prices")
        if told is not None and not told[0] <= first <= last <= told[1]:
            days = f"from {told[0]} to {told[1]}"
            raise InputError("adjusted", f"{ticker} has adjusted prices {days} only")
        # A dividend counts by the close of its day, which may come after the last one asked for.
        until = None if told is None else told[1]
        whole = self.prices.between(ticker, first, until, consistent=False)
        try:
            return adjust(whole, actions).between(first, last)
        except InputError as error:
            raise InputError("adjusted", error.message) from error


@dataclass(frozen=True)
class GetPriceBatch:
    """Bars of several companies in one answer."""

    prices: GetPrices

    def __call__(
        self,
        tickers: Sequence[str],
        *,
        first: date | None = None,
        last: date | None = None,
        interval: Interval = Interval.DAY,
        adjusted: bool = False,
        order: Order = "asc",
        limit: int = 250,
    ) -> PriceBatchAnswer:
        """Return the first page of each; its cursor goes on among the prices of that company."""
        check_limit(limit, BATCH_LIMIT)
        items: list[PricesAnswer] = []
        unknown: list[str] = []
        for ticker in several_tickers(tickers, BATCH):
            try:
                items.append(
                    self.prices(
                        ticker,
                        first=first,
                        last=last,
                        interval=interval,
                        adjusted=adjusted,
                        order=order,
                        limit=limit,
                    )
                )
            except NotFoundError:
                unknown.append(ticker)
        return PriceBatchAnswer.model_construct(items=items, unknown=unknown)


def _moved(day: date | None, by: int) -> date | None:
    """Return the day so many days on; `None`, an open side, where the calendar ends."""
    try:
        return None if day is None else day + timedelta(days=by)
    except OverflowError:
        return None


def _page(
    series: PriceSeries, position: Cursor | None, order: Order, limit: int
) -> tuple[PriceSeries, Cursor | None]:
    """Return the bars of a page, oldest first, and where the next page starts."""
    if order == "asc":
        start = 0 if position is None else len(series.between(None, _day(position)))
        page = series.slice(start, start + limit)
        return page, _after(page, -1) if start + limit < len(series) else None
    stop = len(series)
    if position is not None:
        stop -= len(series.between(_day(position), None))
    page = series.slice(max(0, stop - limit), stop)
    return page, _after(page, 0) if stop > limit else None


def _day(position: Cursor) -> date:
    return date.fromisoformat(position["after"])


def _after(page: PriceSeries, at: int) -> Cursor:
    return {"after": page.day(at).isoformat()}
