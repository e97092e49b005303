"""Random bars, series and corporate actions."""

from array import array
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from random import Random

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.prices import Bar, PriceSeries

from .values import CURRENCIES, any_of, days, maybe, one, tickers


@st.composite
def bars(
    draw: st.DrawFn,
    ticker: str | None = None,
    day: date | None = None,
    *,
    places: int | None = None,
) -> Bar:
    """Any bar that keeps the rule: open and close within low and high."""
    scale = draw(st.integers(0, 4)) if places is None else places
    base = draw(st.integers(1, 10**7))
    low, first, second, high = sorted(
        max(1, base * share // 100) for share in draw(_four(st.integers(50, 150)))
    )
    opened, closed = (first, second) if draw(st.booleans()) else (second, first)
    return Bar(
        ticker=draw(tickers()) if ticker is None else ticker,
        day=draw(days()) if day is None else day,
        open=Decimal(opened).scaleb(-scale),
        high=Decimal(high).scaleb(-scale),
        low=Decimal(low).scaleb(-scale),
        close=Decimal(closed).scaleb(-scale),
        volume=draw(st.integers(0, 10**11)),
    )


def _four(each: SearchStrategy[int]) -> SearchStrategy[Sequence[int]]:
    return st.lists(each, min_size=4, max_size=4)


@st.composite
def price_series(
    draw: st.DrawFn,
    ticker: str | None = None,
    *,
    min_size: int = 0,
    max_size: int = 40,
    after: date | None = None,
) -> PriceSeries:
    """Any daily series of one company, with gaps of up to ten days, from soon `after` a day on."""
    name = draw(tickers()) if ticker is None else ticker
    gaps = draw(st.lists(st.integers(1, 10), min_size=min_size, max_size=max_size))
    start = (draw(days(last=date(2080, 1, 1))) if after is None else after).toordinal()
    places = draw(st.integers(0, 4))
    ordinals = [start + passed for passed in accumulate(gaps)]
    return PriceSeries.from_bars(
        name,
        [draw(bars(name, date.fromordinal(each), places=places)) for each in ordinals],
        currency=draw(st.sampled_from(CURRENCIES)),
    )


def walk(
    count: int,
    ticker: str = "AAPL",
    *,
    seed: int = 9,
    first: date = date(2010, 1, 4),
) -> PriceSeries:
    """Weekdays of a price that goes up and down by about a hundredth, for long series at once."""
    random, price = Random(seed), 10_000
    rows: list[tuple[int, ...]] = []
    for number in range(count):
        opened = max(1, price + random.randint(-60, 60))
        price = max(1, opened + random.randint(-150, 150))
        high = max(opened, price) + random.randint(0, 90)
        low = max(1, min(opened, price) - random.randint(0, 90))
        day = first.toordinal() + number // 5 * 7 + number % 5
        rows.append((day, opened, high, low, price, 100 * random.randint(10**4, 10**5)))
    days, *columns = zip(*rows, strict=True)
    opens, highs, lows, closes, volumes = (array("q", column) for column in columns)
    return PriceSeries(
        ticker=ticker,
        days=array("i", days),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volumes,
    )


def actions(ticker: str | None = None) -> SearchStrategy[CorporateAction]:
    """Any split or dividend."""
    return any_of(
        CorporateAction,
        ticker=one(ticker),
        kind=st.sampled_from(("split", "dividend")),
        ex_date=days(),
        ratio=st.decimals("0.01", 100, places=4),
        amount=st.decimals(0, 100, places=4),
        currency=maybe(st.sampled_from(CURRENCIES)),
    )
