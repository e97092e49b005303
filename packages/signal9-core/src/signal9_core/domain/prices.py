"""Prices as columns of whole numbers, of which bars are views; what prices cannot be."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import islice, pairwise
from operator import le, lt
from typing import Final, Self, TypeAlias

from pydantic import NonNegativeInt, model_validator

from .model import Exact, Model, Ticker

PRICE_COLUMNS: Final = ("open", "high", "low", "close")
"""The columns of a series that share its scale."""

_COLUMNS: Final = ("days", *PRICE_COLUMNS, "volume")
_CENTS: Final = 2


class Interval(StrEnum):
    """The bar lengths that the API offers."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


class LongInterval(StrEnum):
    """Bars longer than those of the API."""

    QUARTER = "3mo"


BarLength = Interval | LongInterval
"""Any length of a bar."""

Column: TypeAlias = "array[int]"


class Bar(Model):
    """Trading in one company over one interval; `day` is its last trading day."""

    ticker: Ticker
    day: date
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: NonNegativeInt

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
    """Bars of one company as columns, oldest first, each day once.

    `days` are proleptic ordinals (`date.toordinal`). Prices are integers in units of
    `10 ** -scale`, volumes whole shares.
    """

    ticker: Ticker
    days: Column
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    scale: int = 2
    interval: BarLength = Interval.DAY
    currency: str = "USD"

    def __post_init__(self) -> None:
        if any(len(column) != len(self) for column in self.columns().values()):
            raise ValueError(f"{self.ticker}: columns differ in length")
        if all(map(lt, self.days, islice(self.days, 1, None))):
            return
        for at, (before, day) in enumerate(pairwise(self.days), 1):
            if before >= day:
                problem = "occurs twice" if before == day else "is out of order"
                raise ValueError(f"{self.ticker}: {self.day(at)} {problem}")

    @classmethod
    def from_bars(
        cls,
        ticker: Ticker,
        bars: Iterable[Bar],
        *,
        interval: BarLength = Interval.DAY,
        currency: str = "USD",
    ) -> Self:
        """Put bars, in any order, into columns; `ValueError` where a day occurs twice."""
        rows = sorted(bars, key=lambda bar: bar.day)
        prices = {name: [getattr(bar, name) for bar in rows] for name in PRICE_COLUMNS}
        scale = max(map(_scale_of, prices.values()))
        return cls(
            ticker=ticker,
            days=array("i", [bar.day.toordinal() for bar in rows]),
            volume=array("q", [bar.volume for bar in rows]),
            scale=scale,
            interval=interval,
            currency=currency,
            **{name: _scaled(column, scale) for name, column in prices.items()},
        )

    @classmethod
    def empty(cls, ticker: Ticker, interval: BarLength = Interval.DAY) -> Self:
        """Return a series without bars."""
        none: Column = array("q")
        return cls(ticker, array("i"), none, none, none, none, none, interval=interval)

    def __len__(self) -> int:
        return len(self.days)

    def __iter__(self) -> Iterator[Bar]:
        return (self.bar(at) for at in range(len(self)))

    def bar(self, at: int) -> Bar:
        """Return the bar at a position; negative ones count from the newest."""
        return Bar(
            ticker=self.ticker,
            day=self.day(at),
            volume=self.volume[at],
            **{name: self.price(name, at) for name in PRICE_COLUMNS},
        )

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

    def columns(self) -> dict[str, Column]:
        """Return all columns by name."""
        return {name: getattr(self, name) for name in _COLUMNS}

    def with_columns(self, columns: Mapping[str, Column]) -> Self:
        """Return the series with other columns in place of those with the same names."""
        return replace(self, **columns)  # type: ignore[arg-type]  # names of columns only

    def between(self, first: date | None = None, last: date | None = None) -> Self:
        """Return the bars from `first` to `last`, both included; `None` leaves a side open."""
        start = 0 if first is None else bisect_left(self.days, first.toordinal())
        stop = len(self) if last is None else bisect_right(self.days, last.toordinal())
        return self.slice(start, max(start, stop))

    def slice(self, start: int, stop: int) -> Self:
        """Return the bars at positions from `start` up to but not including `stop`."""
        return self.with_columns(
            {name: column[start:stop] for name, column in self.columns().items()}
        )

    def take(self, positions: Sequence[int]) -> Self:
        """Return the bars at these positions, which ascend."""
        return self.with_columns(
            {
                name: array(column.typecode, [column[at] for at in positions])
                for name, column in self.columns().items()
            }
        )

    def rescaled(self, scale: int) -> Self:
        """Return the same bars in units that are as fine or finer."""
        factor = 10 ** (scale - self.scale)
        finer = {
            name: array("q", [value * factor for value in getattr(self, name)])
            for name in PRICE_COLUMNS
        }
        return replace(self.with_columns(finer), scale=scale)


def _scale_of(values: Iterable[Decimal]) -> int:
    return max(_CENTS, max(map(decimals_of, values), default=0))


def _scaled(values: Iterable[Decimal], scale: int) -> Column:
    return array("q", [int(value.scaleb(scale)) for value in values])


def _unscaled(value: int, scale: int) -> Decimal:
    """Return the exact price, with two decimals, or as many more as it needs."""
    if scale <= _CENTS:
        return Decimal(value).scaleb(-scale)
    cents, rest = divmod(value, 10 ** (scale - _CENTS))
    return Decimal(value).scaleb(-scale).normalize() if rest else Decimal(cents).scaleb(-_CENTS)


_LARGEST_JUMP: Final = 30
"""How many times the close before, or its inverse; shares have risen fifteenfold in a day."""

_LARGEST_JUMP_OR_SPLIT: Final = 1000
"""The same where splits are unknown; some merged 500 shares into one."""


def find_invalid_bar(
    series: PriceSeries, splits: Mapping[int, Fraction] | None = None
) -> str | None:
    """Return what is wrong with the first implausible bar; `None` if all are plausible.

    `splits` holds the new shares for an old one by day; `None` means that splits are unknown.
    """
    return _check_range(series) or _check_jumps(series, splits)


def _check_range(series: PriceSeries) -> str | None:
    low, high = series.low, series.high
    prices_fit = all(
        all(map(le, low, prices)) and all(map(le, prices, high))
        for prices in (series.open, series.close)
    )
    if prices_fit and min(low, default=0) >= 0 and min(series.volume, default=0) >= 0:
        return None
    for at in range(len(series)):
        pair = series.open[at], series.close[at]
        if not low[at] <= min(pair) <= max(pair) <= high[at]:
            return f"{_row(series, at)}: open or close outside low..high"
        if low[at] < 0 or series.volume[at] < 0:
            return f"{_row(series, at)}: below zero"
    return None


def _check_jumps(series: PriceSeries, splits: Mapping[int, Fraction] | None) -> str | None:
    limit = _LARGEST_JUMP_OR_SPLIT if splits is None else _LARGEST_JUMP
    if max(series.close, default=0) <= limit * min(series.close, default=0):
        return None  # whatever the order, no jump is that large
    for at, (last, now) in enumerate(pairwise(series.close), 1):
        if last <= limit * now and now <= limit * last:
            continue
        held = now * (splits or {}).get(series.days[at], Fraction(1))
        if not (last <= limit * held and held <= limit * last):
            closes = f"{series.price('close', at)} after {series.price('close', at - 1)}"
            return f"{series.day(at)}: close {closes}, and no split"
    return None


def _row(series: PriceSeries, at: int) -> str:
    prices = " ".join(str(series.price(name, at)) for name in PRICE_COLUMNS)
    return f"{series.day(at)}: {prices}"
