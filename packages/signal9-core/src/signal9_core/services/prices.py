"""Prices as answers: bars of a company, page by page, adjusted and resampled on reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ..domain.adjustment import adjust, in_last_shares
from ..domain.companies import AssetProfile, DataSet
from ..domain.coverage import Coverage, Days, covering_span
from ..domain.prices import PRICE_COLUMNS, Interval, PriceSeries
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

    from ..ports import Cursor
    from ..repositories.prices import ActionRepository, PriceRepository
    from .queries import CompanyFinder

LIMIT: Final = 10_000
BATCH: Final = 20
BATCH_LIMIT: Final = 1_000

Order = Literal["asc", "desc"]

_YEAR: Final = timedelta(days=365)
_LONGEST: Final = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 31}
"""How many days a bar may cover, and so how many daily bars it is made of at most."""


class LastYear(NamedTuple):
    """The bars of a year up to the last one; `comparable` if the splits among them are known."""

    bars: PriceSeries
    comparable: bool


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
        series, adjusted_to = self._bars(
            profile, *span, interval, adjusted=adjusted, order=order, limit=limit + 1
        )
        start = max(0, len(series) - limit) if order == "desc" else 0
        page = series.slice(start, start + limit)
        more = _position(page, order) if len(series) > limit else None
        return PricesAnswer.model_construct(
            ticker=series.ticker,
            interval=interval,
            adjusted=adjusted,
            adjustment="splits and dividends" if adjusted else None,
            adjusted_to=adjusted_to,
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
        return self._bars(profile, first, last, interval, adjusted=adjusted)[0]

    def last_year(self, ticker: str) -> LastYear:
        """Return the latest bars, adjusted for splits; as traded where one may be missing."""
        profile = self.companies.assets.get(ticker)
        since = None if profile is None else profile.own()
        latest = self.prices.latest(ticker, consistent=False).between(since)
        if not len(latest):
            return LastYear(latest, comparable=True)
        begin = max(latest.day(0) - _YEAR, since or date.min)
        year = self.prices.between(ticker, begin, consistent=False)
        actions, coverage = self.actions.known(ticker)
        if covering_span(coverage, year.day(0), year.day(-1)) is None:
            return LastYear(year, comparable=False)
        return LastYear(in_last_shares(year, actions), comparable=True)

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
    ) -> tuple[PriceSeries, date | None]:
        """Return bars, and the day in whose shares adjusted ones are.

        With a limit, at least so many if there are, and not many more.
        """
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
        adjusted_to = None
        if adjusted and len(daily):
            daily, adjusted_to = self._adjusted(daily)
        return resample(daily, interval).between(first, last), adjusted_to

    def _adjusted(self, daily: PriceSeries) -> tuple[PriceSeries, date]:
        """Adjust by the splits and dividends of the span of days in which none is missing."""
        actions, coverage = self.actions.known(daily.ticker)
        first, last = daily.day(0), daily.day(-1)
        _, until = _covering(coverage, daily)
        # A dividend counts by the close of its ex-date, which may come after the last bar.
        whole = self.prices.between(daily.ticker, first, until, consistent=False)
        past = (action for action in actions if action.ex_date <= until)
        try:
            return adjust(whole, past).between(first, last), whole.day(-1)
        except InputError as error:
            raise InputError("adjusted", error.message) from error


def _covering(coverage: Coverage, daily: PriceSeries) -> Days:
    """Return the span of days in which no action is missing; `InputError` if there is none."""
    span = covering_span(coverage, daily.day(0), daily.day(-1))
    if span is not None:
        return span
    if not coverage:
        raise InputError("adjusted", f"{daily.ticker} has no adjusted prices")
    days = ", ".join(f"from {first} to {last}" for first, last in coverage)
    raise InputError("adjusted", f"{daily.ticker} has adjusted prices {days} only")


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
