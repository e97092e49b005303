"""Splits and dividends, prices adjusted for them, and a check by the closes of a vendor."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from itertools import groupby
from math import prod
from operator import itemgetter
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from ..errors import InputError
from .companies import PriceCheck
from .model import Currency, Day, Exact, OpenModel, Ticker
from .prices import Column, PriceSeries

_DECIMALS: Final = 6
_SHIFT: Final = 80
_ONE: Final = 1 << _SHIFT
"""Factors are whole numbers in units of 2 ** -80: exact enough for any price, and fast."""


class CorporateAction(OpenModel):
    """A split or a cash dividend, on the first day of trading without it."""

    ticker: Ticker
    kind: Literal["split", "dividend"]
    ex_date: Day
    ratio: Annotated[Exact | None, Field(gt=0, description="New shares for one old one.")] = None
    amount: Annotated[Exact | None, Field(ge=0, description="Cash for one share.")] = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _has_the_figure_of_its_kind(self) -> Self:
        figure = self.ratio if self.kind == "split" else self.amount
        if figure is None:
            raise ValueError(f"{self.ticker} on {self.ex_date}: a {self.kind} without its figure")
        return self


class Adjustment(StrEnum):
    """How a dividend counts."""

    VENDOR = "vendor"
    """As AlphaVantage does: close / (close + dividend), with the close of the ex-date."""
    CRSP = "crsp"
    """As academic series do: 1 - dividend / previous close, in shares as of the ex-date."""
    SPLITS = "splits"
    """Not at all; only splits count."""


def one_a_day(actions: Iterable[CorporateAction]) -> list[CorporateAction]:
    """Return at most one split and one dividend of a company for each day, oldest first.

    A special dividend may come with the usual one: amounts add up, and ratios multiply. Duplicates
    count once.
    """
    by_day: dict[tuple[date, Ticker, str], list[CorporateAction]] = {}
    for action in actions:
        same_day = by_day.setdefault((action.ex_date, action.ticker, action.kind), [])
        if action not in same_day:
            same_day.append(action)
    return [reduce(_combine, by_day[key]) for key in sorted(by_day)]


def _combine(one: CorporateAction, other: CorporateAction) -> CorporateAction:
    if one.ratio is not None and other.ratio is not None:
        return one.model_copy(update={"ratio": one.ratio * other.ratio})
    return one.model_copy(update={"amount": (one.amount or 0) + (other.amount or 0)})


def adjust(
    series: PriceSeries, actions: Iterable[CorporateAction], method: Adjustment = Adjustment.VENDOR
) -> PriceSeries:
    """Return a series of raw prices adjusted for splits and dividends during and after it.

    Prices before an ex-date are multiplied by the factor of its dividend and divided by the ratio
    of its split, which multiplies volumes. Prices are rounded to six decimals, or as many as the
    series has. An ex-date without trading counts from the next bar on. One up to the first bar
    changes nothing, nor does a dividend after the last, which has no close to be compared with. A
    dividend that leaves nothing of the price is an `InputError`.
    """
    scale = max(series.scale, _DECIMALS)
    unit = 10 ** (scale - series.scale)
    runs = list(_runs(series, actions, Adjustment(method)))[::-1]
    prices = [(run.stop, run.price * unit) for run in runs]
    return replace(
        series,
        open=_multiply(series.open, prices),
        high=_multiply(series.high, prices),
        low=_multiply(series.low, prices),
        close=_multiply(series.close, prices),
        volume=_multiply(series.volume, [(run.stop, run.shares) for run in runs]),
        scale=scale,
    )


def in_last_shares(series: PriceSeries, actions: Iterable[CorporateAction]) -> PriceSeries:
    """Return a series of raw prices, at least one, that compare with its last close.

    Only splits up to the last bar count: a dividend leaves prices as they were paid.
    """
    last = series.day(-1)
    splits = (action for action in actions if action.ratio and action.ex_date <= last)
    return adjust(series, splits, Adjustment.SPLITS)


class _Run(NamedTuple):
    """Bars up to `stop` that share the same factors, in units of `_ONE`."""

    stop: int
    price: int
    shares: int


def _runs(
    series: PriceSeries, actions: Iterable[CorporateAction], method: Adjustment
) -> Iterator[_Run]:
    """Yield the runs of a series, newest first."""
    price = shares = _ONE
    stop = len(series)
    for start, same_bar in _by_bar(series, actions):
        if start < stop:
            yield _Run(stop, price, shares)
            stop = start
        ratio = prod((Fraction(a.ratio) for a in same_bar if a.ratio), start=Fraction(1))
        price = price * ratio.denominator // ratio.numerator
        shares = shares * ratio.numerator // ratio.denominator
        if start < len(series) and method is not Adjustment.SPLITS:
            for dividend in (action for action in same_bar if action.amount):
                factor = _dividend_factor(series, start, dividend, ratio, method)
                price = price * factor.numerator // factor.denominator
    yield _Run(stop, price, shares)


def _by_bar(
    series: PriceSeries, actions: Iterable[CorporateAction]
) -> Iterator[tuple[int, list[CorporateAction]]]:
    """Yield actions by the bar from which on they count, newest first, without older ones."""
    placed = [(bisect_left(series.days, action.ex_date.toordinal()), action) for action in actions]
    placed.sort(key=itemgetter(0), reverse=True)
    for start, group in groupby(placed, key=itemgetter(0)):
        if start:
            yield start, [action for _, action in group]


def _dividend_factor(
    series: PriceSeries, at: int, dividend: CorporateAction, ratio: Fraction, method: Adjustment
) -> Fraction:
    """Return the factor of a dividend, which is paid on new shares where there is a split too."""
    compared = at - 1 if method is Adjustment.CRSP else at
    close, paid = Fraction(series.close[compared], 10**series.scale), Fraction(dividend.amount or 0)
    if method is Adjustment.VENDOR:
        factor = close / (close + paid)
    else:
        factor = 1 - paid / (close / ratio) if close else close
    if factor <= 0:
        raise InputError(
            "actions",
            f"{dividend.ticker} on {dividend.ex_date}: a dividend of {dividend.amount} leaves "
            f"nothing of the close on {series.day(compared)}, {series.price('close', compared)}",
        )
    return factor


def _multiply(column: Column, factors: Iterable[tuple[int, int]]) -> Column:
    """Return values times the factor of their run, rounded half up."""
    start, products = 0, list[int]()
    for stop, factor in factors:
        products += [(value * factor + _ONE // 2) >> _SHIFT for value in column[start:stop]]
        start = stop
    return array("q", products)


TOLERANCE: Final = Decimal("0.00001")
"""The largest relative difference that rounding may explain."""

_MOST: Final = 1e9


@dataclass(frozen=True, slots=True)
class AdjustedCloses:
    """The adjusted closes of a response, NaN where there is none, beside its bars as traded.

    They are rounded to so many `decimals`.
    """

    bars: PriceSeries
    closes: Sequence[float]
    decimals: int
    received_at: datetime | None = None

    @property
    def ticker(self) -> Ticker:
        """The company."""
        return self.bars.ticker

    def until(self, last: date) -> Self:
        """Return the closes up to a day, adjusted as of the last of them."""
        bars = self.bars.between(None, last)
        count = len(bars)
        if count in {0, len(self.bars)} or not self.closes[count - 1] > 0:
            return replace(self, bars=bars, closes=self.closes[:count])
        factor = float(bars.price("close", -1)) / self.closes[count - 1]
        return replace(self, bars=bars, closes=[close * factor for close in self.closes[:count]])


def check_closes(
    vendor: AdjustedCloses, actions: Iterable[CorporateAction], source: str, at: datetime
) -> PriceCheck:
    """Compare the closes of a response, at least one, with those that follow from known actions."""
    bars = vendor.bars
    difference, position = _largest_difference(vendor, actions)
    return PriceCheck(
        source=source,
        checked_at=vendor.received_at or at,
        first=bars.day(0),
        last=bars.day(-1),
        difference=Decimal(f"{min(difference, _MOST):.9f}"),
        day=bars.day(position),
    )


def _largest_difference(
    vendor: AdjustedCloses, actions: Iterable[CorporateAction]
) -> tuple[float, int]:
    """Return the largest relative difference, less what is rounded, and the position of its day."""
    last = vendor.bars.day(-1)
    try:
        ours = adjust(vendor.bars, (action for action in actions if action.ex_date <= last))
    except (InputError, OverflowError):
        return 1.0, 0  # an action that leaves nothing of the price, or makes it immense
    unit = 10**ours.scale
    rounded = 0.5 / unit + 0.5 / 10**vendor.decimals
    differences = [
        max(0.0, abs(own / unit - close) - rounded) / (close if close > 0 else 1.0)
        for own, close in zip(ours.close, vendor.closes, strict=True)
    ]
    known = [value if value == value else 0.0 for value in differences]  # noqa: PLR0124 - NaN
    largest = max(known)
    return largest, known.index(largest)


def latest_check(one: PriceCheck | None, other: PriceCheck) -> PriceCheck:
    """Return the later check, or a problem of the earlier one that the later does not reach."""
    if one is None:
        return other
    earlier, later = sorted((one, other), key=lambda check: check.checked_at)
    is_open = earlier.difference > TOLERANCE and earlier.day < later.first
    return earlier if is_open else later


def describe_problem(check: PriceCheck) -> str | None:
    """Return what is wrong, `None` if computed closes are as close as rounding allows."""
    if check.difference <= TOLERANCE:
        return None
    return (
        f"adjusted closes differ from those of {check.source} by {check.difference:.4%}"
        f" on {check.day}: a split or a dividend may be wrong or missing"
    )
