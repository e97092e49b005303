"""Prices as answers: bars of a company, page by page, adjusted and resampled on reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from ..domain.adjustment import adjust
from ..domain.companies import DataSet
from ..domain.prices import PRICE_COLUMNS, Interval
from ..domain.timeseries import resample
from ..errors import InputError, NotFoundError
from ..schemas.prices import BarRow, PriceBatchAnswer, PriceColumns, PricesAnswer
from .parameters import (
    check_limit,
    check_range,
    decode_cursor,
    encode_cursor,
    invalid_cursor,
    parse_tickers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..domain.companies import AssetProfile
    from ..domain.prices import PriceSeries
    from ..ports import Cursor
    from ..repositories.actions import ActionRepository
    from ..repositories.prices import PriceRepository
    from .companies import CompanyFinder

__all__ = ["GetPrices", "Order", "bar_rows"]

LIMIT: Final = 10_000
BATCH: Final = 20
BATCH_LIMIT: Final = 1_000

Order = Literal["asc", "desc"]

_LONGEST: Final = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 31}
"""How many days a bar may cover, and so how many daily bars it is made of at most."""


@dataclass(frozen=True)
class GetPrices:
    """Bars of one company, or of several."""

    companies: CompanyFinder
    prices: PriceRepository
    actions: ActionRepository

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
        profile = self.companies.get(ticker)
        query = {
            "list": "prices",
            "ticker": profile.asset.ticker,
            "from": first,
            "to": last,
            "interval": interval.value,
            "adjusted": adjusted,
            **({} if order == "asc" else {"order": order}),
        }
        span = _rest(first, last, order, decode_cursor(query, cursor, ["after"]))
        series = self._bars(
            profile, *span, interval, adjusted=adjusted, order=order, limit=limit + 1
        )
        start = max(0, len(series) - limit) if order == "desc" else 0
        page = series.slice(start, start + limit)
        more = _position(page, order) if len(series) > limit else None
        return PricesAnswer.model_construct(
            ticker=series.ticker,
            interval=interval,
            adjusted=adjusted,
            currency=series.currency,
            items=bar_rows(page, order) if shape == "rows" else _columns(page, order),
            next_cursor=encode_cursor(query, more),
            freshness=profile.freshness.get(DataSet.PRICES),
        )

    def batch(
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
        """Return the first page of each company; its cursor continues that company's prices."""
        check_limit(limit, BATCH_LIMIT)
        items: list[PricesAnswer] = []
        unknown: list[str] = []
        for ticker in parse_tickers(tickers, BATCH):
            try:
                answer = self(
                    ticker,
                    first=first,
                    last=last,
                    interval=interval,
                    adjusted=adjusted,
                    order=order,
                    limit=limit,
                )
            except NotFoundError:
                unknown.append(ticker)
            else:
                items.append(answer)
        return PriceBatchAnswer.model_construct(items=items, unknown=unknown)

    def series(
        self,
        ticker: str,
        first: date | None,
        last: date | None,
        interval: Interval,
        *,
        adjusted: bool,
    ) -> PriceSeries:
        """Return all bars from `first` to `last`; `InputError` if they cannot be adjusted."""
        profile = self.companies.get(ticker)
        return self._bars(profile, first, last, interval, adjusted=adjusted)

    def _bars(
        self,
        profile: AssetProfile,
        first: date | None,
        last: date | None,
        interval: Interval,
        *,
        adjusted: bool,
        order: Order = "asc",
        limit: int | None = None,
    ) -> PriceSeries:
        """Return bars; with a limit, at least so many if there are, and not many more."""
        longest = _LONGEST[interval]
        margin = longest - 1
        daily = self.prices.between(
            profile.asset.ticker,
            profile.own(_moved(first, -margin)),
            _moved(last, margin),
            # The first and the last bar may be incomplete. Adjusting needs all later bars anyway.
            limit=None if limit is None or adjusted else margin + (limit + 1) * longest,
            newest_first=order == "desc",
            consistent=False,
        )
        if adjusted and len(daily):
            daily = self._adjusted(daily, profile.own())
        return resample(daily, interval).between(first, last)

    def _adjusted(self, daily: PriceSeries, begin: date | None) -> PriceSeries:
        """Adjust by known splits and dividends; refused where one may be missing."""
        ticker, first, last = daily.ticker, daily.day(0), daily.day(-1)
        actions, coverage = self.actions.known(ticker, begin)
        covered = coverage is not None and coverage[0] <= first <= last <= coverage[1]
        if coverage is None and not actions:
            raise InputError("adjusted", f"{ticker} has no adjusted prices")
        if coverage is not None and not covered:
            days = f"from {coverage[0]} to {coverage[1]}"
            raise InputError("adjusted", f"{ticker} has adjusted prices {days} only")
        # A dividend counts by the close of its ex-date, which may come after the last bar.
        until = None if coverage is None else coverage[1]
        whole = self.prices.between(ticker, first, until, consistent=False)
        try:
            return adjust(whole, actions).between(first, last)
        except InputError as error:
            raise InputError("adjusted", error.message) from error


def bar_rows(series: PriceSeries, order: Order = "asc") -> list[BarRow]:
    """Return the bars of a series as rows of an answer."""
    days = map(date.fromordinal, series.days)
    columns = zip(days, *map(series.prices, PRICE_COLUMNS), series.volume, strict=True)
    rows = [
        BarRow.model_construct(
            date=day, open=opened, high=high, low=low, close=closed, volume=volume
        )
        for day, opened, high, low, closed, volume in columns
    ]
    return rows if order == "asc" else rows[::-1]


def _columns(series: PriceSeries, order: Order) -> PriceColumns:
    step = 1 if order == "asc" else -1
    return PriceColumns.model_construct(
        date=[date.fromordinal(day) for day in series.days[::step]],
        open=series.prices("open")[::step],
        high=series.prices("high")[::step],
        low=series.prices("low")[::step],
        close=series.prices("close")[::step],
        volume=list(series.volume[::step]),
    )


def _rest(
    first: date | None, last: date | None, order: Order, position: Cursor | None
) -> tuple[date | None, date | None]:
    """Return the part of a range that comes after a position."""
    if position is None:
        return first, last
    try:
        day = date.fromisoformat(position["after"])
        before, after = day - timedelta(days=1), day + timedelta(days=1)
    except (OverflowError, ValueError) as error:
        raise invalid_cursor() from error
    if order == "asc":
        return max(after, first or date.min), last
    return first, min(before, last or date.max)


def _position(page: PriceSeries, order: Order) -> Cursor:
    return {"after": page.day(-1 if order == "asc" else 0).isoformat()}


def _moved(day: date | None, days: int) -> date | None:
    """Return the day so many days on; `None`, an open side, where the calendar ends."""
    try:
        return None if day is None else day + timedelta(days=days)
    except OverflowError:
        return None
