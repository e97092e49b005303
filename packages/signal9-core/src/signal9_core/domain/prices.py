"""Prices as columns: a series takes eight bytes a value, and rows are views of it."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from operator import ge
from struct import error as struct_error
from struct import pack
from sys import byteorder
from typing import Final, Literal, Self, TypeAlias, TypeVar

from pydantic import NonNegativeInt, model_validator

from .model import Exact, Instant, Model, Ticker

__all__ = [
    "MINUTES_A_DAY",
    "PRICE_COLUMNS",
    "Bar",
    "BarLength",
    "Column",
    "Interval",
    "IntradayInterval",
    "LongInterval",
    "PriceSeries",
    "all_of_bits",
    "ascending",
    "chained",
    "column_of",
    "decimals_of",
    "none_above",
    "none_apart",
    "none_below_zero",
    "none_outside",
    "positions_of",
    "rescaled",
]


class Interval(StrEnum):
    """How long one bar is, of those lengths that the API offers."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


class IntradayInterval(StrEnum):
    """Bars within a day, each at the minute in which it starts."""

    ONE_MINUTE = "1min"
    FIVE_MINUTES = "5min"
    FIFTEEN_MINUTES = "15min"
    HALF_HOUR = "30min"
    HOUR = "60min"


class LongInterval(StrEnum):
    """Bars longer than the API's, for those who work with series themselves."""

    QUARTER = "3mo"


BarLength = Interval | IntradayInterval | LongInterval
"""Any length of a bar."""


Column: TypeAlias = "array[int]"


def column_of(numbers: Sequence[int], kind: Literal["h", "i", "q"] = "q") -> Column:
    """Return numbers as a column; `OverflowError` where one is too large for its kind."""
    if isinstance(numbers, array) and numbers.typecode == kind:
        return numbers
    try:
        # Packing all at once takes a third of the time that an array of its own accord takes.
        return array(kind, pack(f"{len(numbers)}{kind}", *numbers))
    except struct_error as error:
        raise OverflowError("a number is too large to be kept") from error


def rescaled(values: Column, by: int) -> Column:
    """Return a column in finer units: every value times `10 ** by`."""
    return values[:] if by == 0 else array("q", [value * 10**by for value in values])


def chained(columns: Sequence[Column]) -> Column:
    """Return columns, at least one, put after one another."""
    whole = columns[0][:]
    for column in columns[1:]:
        whole.extend(column)
    return whole


def ascending(values: Sequence[int]) -> bool:
    """Tell whether every value is greater than the one before."""
    if len(values) < 2:  # noqa: PLR2004  # one value is in order
        return True
    if isinstance(values, array):
        return none_above(values[:-1], values[1:], apart=1)
    return not any(map(ge, values, islice(values, 1, None)))


def none_above(lower: Column, upper: Column, apart: int = 0) -> bool:
    """Tell whether each number, and `apart` more, is at most the one beside it."""
    small, large = _whole(lower), _whole(upper)
    if (small | large) & _tops(upper):
        return all(low + apart <= high for low, high in zip(lower, upper, strict=True))
    return _fits(small + apart * _ones(upper) if apart else small, large, upper)


def none_apart(column: Column, times: int) -> bool:
    """Tell whether no number is more than so many times the one before or after it."""
    before, after = column[:-1], column[1:]
    first, second = _whole(before), _whole(after)
    if (first | second) & _tops(after, times.bit_length()):
        pairs = zip(before, after, strict=True)
        return all(one <= other * times and other <= one * times for one, other in pairs)
    return _fits(first, second * times, after) and _fits(second, first * times, after)


def none_outside(inner: Sequence[Column], low: Column, high: Column) -> bool:
    """Tell whether each number of each column lies between the two beside it, both included."""
    small, large, inside = _whole(low), _whole(high), [_whole(each) for each in inner]
    tops = _tops(low)
    if any(each & tops for each in (small, large, *inside)):
        return all(none_above(low, each) and none_above(each, high) for each in inner)
    return all(_fits(small, each, low) and _fits(each, large, low) for each in inside)


def none_below_zero(column: Column) -> bool:
    """Tell whether no number has a sign."""
    return all_of_bits(column, 8 * column.itemsize - 1)


def all_of_bits(column: Column, bits: int) -> bool:
    """Tell whether every number is at least 0 and less than `2 ** bits`."""
    return not _whole(column) & _tops(column, 8 * column.itemsize - bits)


def _whole(column: Column) -> int:
    return int.from_bytes(column.tobytes(), byteorder)


def _fits(small: int, large: int, column: Column) -> bool:
    """Tell whether no number of the one is above its like in the other."""
    # The top bit of each number is lent to it, and still there if it was not needed.
    tops = _tops(column)
    return (large | tops) - small & tops == tops


def _ones(column: Column) -> int:
    return _repeated(1, column.itemsize, len(column))


def _tops(column: Column, bits: int = 1) -> int:
    """Return the highest bits of every number in a column."""
    return _repeated((1 << bits) - 1 << 8 * column.itemsize - bits, column.itemsize, len(column))


@lru_cache(maxsize=8)
def _repeated(number: int, size: int, count: int) -> int:
    return int.from_bytes(number.to_bytes(size, byteorder) * count, byteorder)


PRICE_COLUMNS: Final = ("open", "high", "low", "close")
"""The columns of a series that share its scale."""

MINUTES_A_DAY: Final = 24 * 60

_COLUMNS: Final = ("days", *PRICE_COLUMNS, "volume", "adjusted_close", "minutes")
_CENTS: Final = 2

_T = TypeVar("_T")


class Bar(Model):
    """Trading in one company over one interval; `day` is its last trading day.

    A bar within a day also has the moment `at` which it starts.
    """

    ticker: Ticker
    day: date
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: NonNegativeInt
    adjusted_close: Exact | None = None
    at: Instant | None = None

    @model_validator(mode="after")
    def _open_and_close_lie_within_the_range(self) -> Self:
        if not self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(f"{self.ticker} on {self.day}: open or close outside low..high")
        return self


def decimals_of(value: Decimal) -> int:
    """Return how many digits after the point `value` needs; 0 for whole numbers."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Consecutive bars of one company as columns, oldest first, each day once.

    `days` are proleptic ordinals (`date.toordinal`). Prices are integers in units of
    `10 ** -scale`, adjusted closes in units of `10 ** -adjusted_scale`, volumes whole shares.
    Bars within a day also have `minutes`: how many have passed since that day began in UTC when
    they start. `days` are then days of trading, so that a late one may start after 1,439 minutes.
    """

    ticker: Ticker
    days: Column
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    scale: int = 2
    adjusted_close: "Column | None" = None
    adjusted_scale: int = 2
    interval: BarLength = Interval.DAY
    currency: str = "USD"
    minutes: "Column | None" = None

    def __post_init__(self) -> None:
        if any(len(column) != len(self) for column in self.columns().values()):
            raise ValueError(f"{self.ticker}: columns differ in length")
        positions = self.positions()
        if not ascending(positions):
            wrong = next(at for at in range(1, len(self)) if positions[at - 1] >= positions[at])
            twice = positions[wrong - 1] == positions[wrong]
            problem = "occurs twice" if twice else "is out of order"
            raise ValueError(f"{self.ticker}: {self.time(wrong)} {problem}")

    @classmethod
    def from_bars(
        cls,
        ticker: Ticker,
        bars: Iterable[Bar],
        *,
        interval: BarLength = Interval.DAY,
        currency: str = "USD",
    ) -> Self:
        """Put bars, in any order, into columns; `ValueError` where a day or moment occurs twice."""
        rows = sorted(bars, key=lambda bar: (bar.day, _minutes(bar) or 0))
        prices = (price for bar in rows for price in (bar.open, bar.high, bar.low, bar.close))
        some = f"{ticker}: some bars"
        adjusted = _all_or_none(
            [bar.adjusted_close for bar in rows],
            f"{some} have an adjusted close and some have none",
        )
        minutes = _all_or_none(
            list(map(_minutes, rows)), f"{some} start at a moment and some have none"
        )
        scale, adjusted_scale = _common_scale(prices), _common_scale(adjusted)
        return cls(
            ticker=ticker,
            days=array("i", (bar.day.toordinal() for bar in rows)),
            open=_scaled((bar.open for bar in rows), scale),
            high=_scaled((bar.high for bar in rows), scale),
            low=_scaled((bar.low for bar in rows), scale),
            close=_scaled((bar.close for bar in rows), scale),
            volume=array("q", (bar.volume for bar in rows)),
            scale=scale,
            adjusted_close=_scaled(adjusted, adjusted_scale) if adjusted else None,
            adjusted_scale=adjusted_scale,
            interval=interval,
            currency=currency,
            minutes=array("h", minutes) if minutes else None,
        )

    @classmethod
    def empty(cls, ticker: Ticker, interval: BarLength = Interval.DAY) -> Self:
        """Return a series without bars."""
        return cls.from_bars(ticker, (), interval=interval)

    def __len__(self) -> int:
        return len(self.days)

    def __iter__(self) -> Iterator[Bar]:
        return (self.bar(at) for at in range(len(self)))

    def bar(self, at: int) -> Bar:
        """Return the bar at a position; negative ones count from the newest."""
        adjusted = self.adjusted_close
        prices = {name: self.price(name, at) for name in PRICE_COLUMNS}
        return Bar(
            ticker=self.ticker,
            day=self.day(at),
            volume=self.volume[at],
            adjusted_close=None
            if adjusted is None
            else _unscaled(adjusted[at], self.adjusted_scale),
            at=None if self.minutes is None else self.instant(at),
            **prices,
        )

    def positions(self) -> Sequence[int]:
        """Return what orders the bars: days or, where bars have them, minutes since day zero."""
        if self.minutes is None:
            return self.days
        return [
            day * MINUTES_A_DAY + each for day, each in zip(self.days, self.minutes, strict=True)
        ]

    def instant(self, at: int) -> datetime:
        """Return the moment in UTC at which the bar at a position starts; midnight for days."""
        day, minutes = date.fromordinal(self.days[at]), self.minutes[at] if self.minutes else 0
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)

    def time(self, at: int) -> date:
        """Return when the bar at a position is: its day, or its moment where it has one."""
        return self.day(at) if self.minutes is None else self.instant(at)

    def day(self, at: int) -> date:
        """Return the day of the bar at a position."""
        return date.fromordinal(self.days[at])

    def price(self, column: str, at: int) -> Decimal:
        """Return one price, exactly, of a column in `PRICE_COLUMNS`."""
        values: Column = getattr(self, column)
        return _unscaled(values[at], self.scale)

    def prices(self, column: str) -> list[Decimal]:
        """Return a whole column of `PRICE_COLUMNS`, exactly."""
        values: Column = getattr(self, column)
        return [_unscaled(value, self.scale) for value in values]

    def adjusted_closes(self) -> list[Decimal | None]:
        """Return the adjusted closes, exactly, or as many times `None` where none are known."""
        if self.adjusted_close is None:
            return [None] * len(self)
        return [_unscaled(value, self.adjusted_scale) for value in self.adjusted_close]

    def between(self, first: date | None = None, last: date | None = None) -> Self:
        """Return the bars from `first` to `last`, both included; `None` leaves a side open."""
        start = 0 if first is None else bisect_left(self.days, first.toordinal())
        stop = len(self) if last is None else bisect_right(self.days, last.toordinal())
        return self.slice(start, max(start, stop))

    def slice(self, start: int, stop: int) -> Self:
        """Return the bars at positions from `start` up to but not including `stop`."""
        return self.cut(lambda column: column[start:stop])

    def picked(self, at: Sequence[int]) -> Self:
        """Return the bars at these positions, which ascend."""
        return self.cut(lambda column: array(column.typecode, [column[each] for each in at]))

    def cut(self, part: Callable[[Column], Column]) -> Self:
        """Return the bars that are left where `part` is what is left of each column."""
        adjusted, minutes = self.adjusted_close, self.minutes
        return replace(
            self,
            days=part(self.days),
            open=part(self.open),
            high=part(self.high),
            low=part(self.low),
            close=part(self.close),
            volume=part(self.volume),
            adjusted_close=None if adjusted is None else part(adjusted),
            minutes=None if minutes is None else part(minutes),
        )

    def columns(self) -> dict[str, Column]:
        """Return the columns that there are, by name."""
        columns = {name: getattr(self, name) for name in _COLUMNS}
        return {name: column for name, column in columns.items() if column is not None}

    def adjusted(self) -> Self:
        """Return prices adjusted for splits and dividends: each scaled by adjusted close / close.

        Volumes stay as traded. A series without adjusted closes raises `ValueError`.
        """
        factors = self.adjusted_close
        if factors is None:
            raise ValueError(f"{self.ticker}: no adjusted closes are known")
        return replace(
            self,
            open=array("q", map(_adjust, self.open, factors, self.close)),
            high=array("q", map(_adjust, self.high, factors, self.close)),
            low=array("q", map(_adjust, self.low, factors, self.close)),
            close=factors[:],
            scale=self.adjusted_scale,
            adjusted_close=factors[:],
        )


def _minutes(bar: Bar) -> int | None:
    if bar.at is None:
        return None
    passed = bar.at - datetime(bar.day.year, bar.day.month, bar.day.day, tzinfo=UTC)
    return passed // timedelta(minutes=1)


def _all_or_none(values: Sequence[_T | None], problem: str) -> list[_T]:
    """Return the values, or nothing if all are `None`; `ValueError` if only some are."""
    known = [each for each in values if each is not None]
    if known and len(known) != len(values):
        raise ValueError(problem)
    return known


def _adjust(price: int, adjusted_close: int, close: int) -> int:
    return (2 * price * adjusted_close + close) // (2 * close) if close else 0


def _common_scale(values: Iterable[Decimal]) -> int:
    return max(_CENTS, max(map(decimals_of, values), default=0))


def _scaled(values: Iterable[Decimal], scale: int) -> Column:
    return array("q", (int(value.scaleb(scale)) for value in values))


def _unscaled(value: int, scale: int) -> Decimal:
    """Return the exact price, with two decimals, or as many more as it needs."""
    if scale <= _CENTS:
        return Decimal(value).scaleb(-scale)
    cents, rest = divmod(value, 10 ** (scale - _CENTS))
    return Decimal(value).scaleb(-scale).normalize() if rest else Decimal(cents).scaleb(-_CENTS)


def positions_of(days: Column, minutes: "Column | None") -> Sequence[int]:
    """Return what orders bars with these days and minutes; see `PriceSeries.positions`."""
    if minutes is None:
        return days
    return [day * MINUTES_A_DAY + passed for day, passed in zip(days, minutes, strict=True)]
