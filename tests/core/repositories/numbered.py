"""Bars that are told apart by a number, their day, and by who wrote them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from signal9_core.domain import Bar, PriceSeries

__all__ = ["FIRST_DAY", "TICKER", "numbered_bar", "numbered_series"]

TICKER = "AAPL"
FIRST_DAY = date(2013, 1, 1).toordinal()


def numbered_bar(number: int, revision: int) -> Bar:
    """Return the bar of a day, whose volume tells the revision."""
    price = Decimal(10_000 + number * 37 % 501 + revision).scaleb(-2)
    return Bar(
        ticker=TICKER,
        day=date.fromordinal(FIRST_DAY + number),
        open=price,
        high=price + revision % 7,
        low=price - 1,
        close=price,
        volume=revision,
    )


def numbered_series(numbers: Iterable[int], revision: int) -> PriceSeries:
    """Return bars of these days."""
    return PriceSeries.from_bars(TICKER, (numbered_bar(each, revision) for each in numbers))
