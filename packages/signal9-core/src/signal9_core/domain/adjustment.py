"""What a company does to its shares."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from itertools import groupby
from math import prod
from operator import itemgetter
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from ..errors import InputError
from .model import Currency, Exact, OpenModel, Ticker
from .prices import Column, PriceSeries

__all__ = ["Adjustment", "CorporateAction", "adjust", "one_a_day"]


class CorporateAction(OpenModel):
    """A split or a cash dividend, on the first day of trading without it."""

    ticker: Ticker
    kind: Literal["split", "dividend"]
    ex_date: date
    ratio: Annotated[Exact | None, Field(gt=0, description="New shares for one old one.")] = None
    amount: Annotated[Exact | None, Field(ge=0, description="Cash for one share.")] = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _has_the_figure_of_its_kind(self) -> Self:
        figure = self.ratio if self.kind == "split" else self.amount
        if figure is None:
            raise ValueError(f"{self.ticker} on {self.ex_date}: a {self.kind} without its figure")
        return self


def one_a_day(actions: Iterable[CorporateAction]) -> list[CorporateAction]:
    """Return one split and one dividend of a company for each day, oldest first.

    A company may pay a special dividend beside the usual one: amounts add up, and ratios multiply.
    What is said twice counts once.
    """
    found: dict[tuple[date, Ticker, str], list[CorporateAction]] = {}
    for each in actions:
        same_day = found.setdefault((each.ex_date, each.ticker, each.kind), [])
        if each not in same_day:
            same_day.append(each)
    return [reduce(_together, found[key]) for key in sorted(found)]


def _together(one: CorporateAction, other: CorporateAction) -> CorporateAction:
    if one.ratio is not None and other.ratio is not None:
        return one.model_copy(update={"ratio": one.ratio * other.ratio})
    return one.model_copy(update={"amount": (one.amount or 0) + (other.amount or 0)})


_DIGITS: Final = 6
_SHIFT: Final = 80
_ONE: Final = 1 << _SHIFT
_HALF: Final = _ONE >> 1


class Adjustment(StrEnum):
    """How a dividend counts."""

    VENDOR = "vendor"
    """As AlphaVantage does: close / (close + dividend), the close being that of the ex-date."""
    CRSP = "crsp"
    """As academic series do: 1 - dividend / close before, in shares as of the ex-date."""
    SPLITS = "splits"
    """Not at all; splits alone count."""


def adjust(
    series: PriceSeries,
    actions: Iterable[CorporateAction],
    method: Adjustment = Adjustment.VENDOR,
) -> PriceSeries:
    """Return a series of raw prices adjusted for what happened during and after it.

    Prices before an ex-date are multiplied by what its dividend counts, and divided by the ratio
    of its split, by which volumes are multiplied. Prices are rounded to six decimals, or as many as
    the series has. An ex-date without trading counts from the next bar on. One up to the first bar
    changes nothing, nor does a dividend after the last, which has no bar to be compared with. A
    dividend that leaves nothing of the price is an `InputError`.
    """
    scale = max(series.scale, _DIGITS)
    unit = 10 ** (scale - series.scale)
    runs = _runs(series, actions, Adjustment(method))
    prices = [(run.stop, run.price * unit) for run in runs]
    closes = _times(series.close, prices)
    return replace(
        series,
        open=_times(series.open, prices),
        high=_times(series.high, prices),
        low=_times(series.low, prices),
        close=closes,
        volume=_times(series.volume, [(run.stop, run.shares) for run in runs]),
        scale=scale,
        adjusted_close=closes[:],
        adjusted_scale=scale,
    )


class _Run(NamedTuple):
    """Where bars with the same factors end, and these in units of `_ONE`."""

    stop: int
    price: int
    shares: int


def _runs(
    series: PriceSeries, actions: Iterable[CorporateAction], method: Adjustment
) -> list[_Run]:
    price = shares = _ONE
    stop, runs = len(series), list[_Run]()
    for start, some in _by_bar(series, actions):
        if start < stop:
            runs.append(_Run(stop, price, shares))
            stop = start
        ratio = prod((Fraction(each.ratio) for each in some if each.ratio), start=Fraction(1))
        price = price * ratio.denominator // ratio.numerator
        shares = shares * ratio.numerator // ratio.denominator
        if start < len(series) and method is not Adjustment.SPLITS:
            kept = [_kept(series, start, each, ratio, method) for each in some if each.amount]
            price = price * prod(each.numerator for each in kept)
            price //= prod(each.denominator for each in kept)
    return [_Run(stop, price, shares), *reversed(runs)]


def _by_bar(
    series: PriceSeries, actions: Iterable[CorporateAction]
) -> Iterator[tuple[int, list[CorporateAction]]]:
    """Yield actions by the bar from which on they count, newest first, without what is too old."""
    placed = [(bisect_left(series.days, each.ex_date.toordinal()), each) for each in actions]
    placed.sort(key=itemgetter(0), reverse=True)
    for start, group in groupby(placed, key=itemgetter(0)):
        if start:
            yield start, [action for _, action in group]


def _kept(
    series: PriceSeries, at: int, action: CorporateAction, split: Fraction, method: Adjustment
) -> Fraction:
    """Return what share of earlier prices is left after a dividend, which is paid on new shares."""
    before = method is Adjustment.CRSP
    compared, paid = at - before, Fraction(action.amount or 0)
    close = Fraction(series.close[compared], 10**series.scale)
    old = close / split
    kept = (1 - paid / old if old else old) if before else close / (close + paid)
    if kept <= 0:
        raise InputError(
            "actions",
            f"{action.ticker} on {action.ex_date}: a dividend of {action.amount} leaves nothing "
            f"of the close on {series.day(compared)}, {series.price('close', compared)}",
        )
    return kept


def _times(column: Column, factors: Iterable[tuple[int, int]]) -> Column:
    start, products = 0, list[int]()
    for stop, factor in factors:
        products += [(each * factor + _HALF) >> _SHIFT for each in column[start:stop]]
        start = stop
    return array("q", products)
