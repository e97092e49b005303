"""Prices as columns of whole numbers; bars are views of them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self, TypeAlias, TypeVar

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
    "decimals_of",
]

PRICE_COLUMNS: Final = ("open", "high", "low", "close")
"""The columns of a series that share its scale."""

MINUTES_A_DAY: Final = 24 * 60

_COLUMNS: Final = ("days", *PRICE_COLUMNS, "volume", "adjusted_close", "minutes")
_CENTS: Final = 2

_T = TypeVar("_T")


class Interval(StrEnum):
    """The bar lengths that the API offers."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


class IntradayInterval(StrEnum):
    """Bars within a day, stamped with the minute at which they start."""

    ONE_MINUTE = "1min"
    FIVE_MINUTES = "5min"
    FIFTEEN_MINUTES = "15min"
    HALF_HOUR = "30min"
    HOUR = "60min"


class LongInterval(StrEnum):
    """Bars longer than those of the API."""

    QUARTER = "3mo"


BarLength = Interval | IntradayInterval | LongInterval
"""Any length of a bar."""

Column: TypeAlias = "array[int]"


class Bar(Model):
    """Trading in one company over one interval; `day` is its last trading day.

    An intraday bar also has the instant `at` which it starts.
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
    """Bars of one company as columns, oldest first, each day once.

    `days` are proleptic ordinals (`date.toordinal`). Prices are integers in units of
    `10 ** -scale`, adjusted closes in units of `10 ** -adjusted_scale`, volumes whole shares.
    Intraday bars also have `minutes`, from midnight UTC of their trading day to their start;
    trading that goes on after midnight has more than 1,439.
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
        for at, (before, position) in enumerate(pairwise(self.positions()), 1):
            if before >= position:
                problem = "occurs twice" if before == position else "is out of order"
                raise ValueError(f"{self.ticker}: {self.time(at)} {problem}")

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
        adjusted = _all_or_none(
            [bar.adjusted_close for bar in rows],
            f"{ticker}: some bars have an adjusted close and some have none",
        )
        minutes = _all_or_none(
            [_minutes(bar) for bar in rows],
            f"{ticker}: some bars have a start time and some have none",
        )
        prices = {name: [getattr(bar, name) for bar in rows] for name in PRICE_COLUMNS}
        scale = max(map(_scale_of, prices.values()))
        return cls(
            ticker=ticker,
            days=array("i", [bar.day.toordinal() for bar in rows]),
            volume=array("q", [bar.volume for bar in rows]),
            scale=scale,
            adjusted_close=_scaled(adjusted, _scale_of(adjusted)) if adjusted else None,
            adjusted_scale=_scale_of(adjusted),
            interval=interval,
            currency=currency,
            minutes=array("h", minutes) if minutes else None,
            **{name: _scaled(column, scale) for name, column in prices.items()},
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
        return Bar(
            ticker=self.ticker,
            day=self.day(at),
            volume=self.volume[at],
            adjusted_close=(
                None if adjusted is None else _unscaled(adjusted[at], self.adjusted_scale)
            ),
            at=None if self.minutes is None else self.instant(at),
            **{name: self.price(name, at) for name in PRICE_COLUMNS},
        )

    def positions(self) -> Sequence[int]:
        """Return what orders the bars: days, or minutes since day zero for intraday bars."""
        if self.minutes is None:
            return self.days
        starts = zip(self.days, self.minutes, strict=True)
        return [day * MINUTES_A_DAY + minute for day, minute in starts]

    def instant(self, at: int) -> datetime:
        """Return when the bar at a position starts, in UTC; midnight for daily bars."""
        midnight = datetime.combine(self.day(at), datetime.min.time(), UTC)
        return midnight + timedelta(minutes=self.minutes[at] if self.minutes else 0)

    def time(self, at: int) -> date:
        """Return the day of the bar at a position, or its start if it is an intraday bar."""
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
        """Return the adjusted closes, exactly; `None` for each bar if the series has none."""
        if self.adjusted_close is None:
            return [None] * len(self)
        return [_unscaled(value, self.adjusted_scale) for value in self.adjusted_close]

    def columns(self) -> dict[str, Column]:
        """Return the columns that the series has, by name."""
        columns = {name: getattr(self, name) for name in _COLUMNS}
        return {name: column for name, column in columns.items() if column is not None}

    def with_columns(self, columns: Mapping[str, "Column | None"]) -> Self:
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

    def rescaled(self, scale: int, adjusted_scale: int) -> Self:
        """Return the same bars in units that are as fine or finer."""
        finer = {name: _times(getattr(self, name), scale - self.scale) for name in PRICE_COLUMNS}
        if self.adjusted_close is not None:
            power = adjusted_scale - self.adjusted_scale
            finer["adjusted_close"] = _times(self.adjusted_close, power)
        units = replace(self, scale=scale, adjusted_scale=adjusted_scale)
        return units.with_columns(finer)

    def adjusted(self) -> Self:
        """Return prices adjusted for splits and dividends: each scaled by adjusted close / close.

        Volumes stay as traded. A series without adjusted closes raises `ValueError`.
        """
        adjusted = self.adjusted_close
        if adjusted is None:
            raise ValueError(f"{self.ticker}: no adjusted closes are known")
        return replace(
            self,
            open=array("q", map(_adjust, self.open, adjusted, self.close)),
            high=array("q", map(_adjust, self.high, adjusted, self.close)),
            low=array("q", map(_adjust, self.low, adjusted, self.close)),
            close=adjusted[:],
            scale=self.adjusted_scale,
        )


def _minutes(bar: Bar) -> int | None:
    if bar.at is None:
        return None
    midnight = datetime.combine(bar.day, datetime.min.time(), UTC)
    return (bar.at - midnight) // timedelta(minutes=1)


def _all_or_none(values: Sequence[_T | None], problem: str) -> list[_T]:
    """Return the values, or nothing if all are `None`; `ValueError` if only some are."""
    known = [value for value in values if value is not None]
    if known and len(known) != len(values):
        raise ValueError(problem)
    return known


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


def _times(column: Column, power: int) -> Column:
    """Return every value times `10 ** power`."""
    return column if power == 0 else array("q", [value * 10**power for value in column])


def _adjust(price: int, adjusted_close: int, close: int) -> int:
    """Return price * adjusted close / close, rounded half up."""
    return (2 * price * adjusted_close + close) // (2 * close) if close else 0
