"""Bars as answers: rows that are views of columns, and their JSON without a number in between.

Five years of daily bars are five thousand prices. As decimals in models they take longer to make
and to write than to read from the store, so JSON is written from the columns' integers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, overload

import msgspec

from ..domain import PRICE_COLUMNS, DataSet, Interval, PriceSeries, adjust, resample
from ..errors import InputError, NotFoundError
from ..ports import Cursor
from ..repositories import ActionRepository, PriceRepository
from ..schemas import BarRow, PriceBatchAnswer, PriceColumns, PricesAnswer
from .companies import CompanyFinder
from .cursors import decode_cursor, encode_cursor, invalid_cursor
from .parameters import check_limit, check_range, parse_tickers

if TYPE_CHECKING:
    from ..domain import Column
__all__ = ["BAR_FIELDS", "BarRows", "GetPriceBatch", "GetPrices"]

BAR_FIELDS: Final = ("date", *PRICE_COLUMNS, "volume")
"""What a row of bars holds, in this order."""

_CENTS: Final = 2
_HUNDREDTHS: Final = [f".{number:02}" for number in range(100)]


class BarRows(Sequence[BarRow]):
    """The bars of a series as an answer's rows, each made when it is looked at."""

    def __init__(self, series: PriceSeries, *, newest_first: bool = False) -> None:
        self._series = series
        self._step = -1 if newest_first else 1

    def __len__(self) -> int:
        return len(self._series)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((len(self), self._step))

    @overload
    def __getitem__(self, at: int) -> BarRow: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[BarRow]: ...

    def __getitem__(self, at: int | slice) -> BarRow | Sequence[BarRow]:
        if isinstance(at, slice):
            return [self._row(each) for each in range(*at.indices(len(self)))]
        return self._row(at)

    def wire(self, fields: Sequence[str] = ()) -> msgspec.Raw:
        """Return all bars as JSON, or these fields of each."""
        names = [name for name in BAR_FIELDS if not fields or name in fields]
        row = ",".join(f'"{name}":' + ('"%s"' if name == "date" else "%s") for name in names)
        rows = map(f"{{{row}}}".__mod__, zip(*map(self.texts, names), strict=True))
        return msgspec.Raw(f"[{','.join(rows)}]".encode())

    def texts(self, name: str) -> Iterable[str]:
        """Return one field of every bar as text, exactly."""
        series, step = self._series, self._step
        if name == "date":
            return map(date.isoformat, map(date.fromordinal, series.days[::step]))
        if name == "volume":
            return map(str, series.volume[::step])
        values: Column = getattr(series, name)
        return _texts(values[::step], series.scale)

    def columns(self) -> PriceColumns:
        """Return each field of all bars, in this order."""
        series, step = self._series, self._step
        return PriceColumns.model_construct(
            date=[date.fromordinal(day) for day in series.days[::step]],
            open=series.prices("open")[::step],
            high=series.prices("high")[::step],
            low=series.prices("low")[::step],
            close=series.prices("close")[::step],
            volume=list(series.volume[::step]),
        )

    def _row(self, at: int) -> BarRow:
        series = self._series
        at = at if self._step == 1 else -1 - at
        return BarRow.model_construct(
            date=series.day(at),
            open=series.price("open", at),
            high=series.price("high", at),
            low=series.price("low", at),
            close=series.price("close", at),
            volume=series.volume[at],
        )


def _texts(values: "Column", scale: int) -> Iterable[str]:
    """Return prices as text: two decimals, or as many more as each needs."""
    if scale < _CENTS or min(values, default=0) < 0:
        return [format(Decimal(value).scaleb(-scale), "f") for value in values]
    # Nearly all need two decimals only, whatever the finest one of the series needs.
    unit, rest = 10**scale, 10 ** (scale - _CENTS)
    return [
        f"{value // unit}{_HUNDREDTHS[value // rest % 100]}"
        if value % rest == 0
        else f"{value // unit}.{str(value)[-scale:].zfill(scale).rstrip('0')}"
        for value in values
    ]


LIMIT: Final = 10_000
BATCH: Final = 20
BATCH_LIMIT: Final = 1_000

Order = Literal["asc", "desc"]
_LONGEST_MONTH: Final = 31


@dataclass(frozen=True)
class GetPrices:
    """Bars of one company, oldest first."""

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
        position = decode_cursor(query, cursor, ["after"])
        series = self.series(profile.asset.ticker, first, last, interval, adjusted=adjusted)
        page, more = _page(series, position, order, limit)
        rows = BarRows(page, newest_first=order == "desc")
        return PricesAnswer.model_construct(
            ticker=series.ticker,
            interval=interval,
            adjusted=adjusted,
            currency=series.currency,
            items=rows if shape == "rows" else rows.columns(),
            next_cursor=encode_cursor(query, more),
            freshness=profile.freshness.get(DataSet.PRICES),
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
        for ticker in parse_tickers(tickers, BATCH):
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
    try:
        return date.fromisoformat(position["after"])
    except ValueError as error:
        raise invalid_cursor() from error


def _after(page: PriceSeries, at: int) -> Cursor:
    return {"after": page.day(at).isoformat()}
