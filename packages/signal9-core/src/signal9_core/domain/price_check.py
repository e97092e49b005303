"""A vendor's adjusted closes, which check the splits and dividends that are known, and no more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Self

from ..errors import InputError
from .adjustment import CorporateAction, adjust
from .companies import PriceCheck
from .model import Ticker
from .prices import PriceSeries

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
