"""From bars to a block: the smallest form that gives them back exactly."""

from collections.abc import Iterator, Sequence
from math import gcd
from typing import Final, NamedTuple

from ...domain import PRICE_COLUMNS, PriceSeries
from .calendar import gaps_of, missing_weekdays
from .factors import NO_FACTORS, Factors, factors_of
from .header import Flag, Header, written_header
from .lanes import LANE_LIMIT, LONGEST, STEP_LIMIT
from .packing import pack
from .plain import written_plain
from .varints import zigzag

__all__ = ["written_content"]

_CENTS: Final = 2
_FINEST: Final = 18

Columns = list[Sequence[int]]


def written_content(series: PriceSeries, ends: tuple[int, ...]) -> bytes:
    """Return header and columns of a block."""
    if not _fits(series):
        return written_plain(series, ends)
    return min((_packed(each, ends) for each in _forms(series)), key=len)


def _fits(series: PriceSeries) -> bool:
    """Tell whether lanes hold all bars: nothing is below zero or too large, and highs are high."""
    prices = [getattr(series, name) for name in PRICE_COLUMNS]
    adjusted = series.adjusted_close or (0,)
    return (
        len(series) <= LONGEST
        and min(map(min, (*prices, series.volume, adjusted))) >= 0
        and max(map(max, prices)) < STEP_LIMIT // 2
        and max(adjusted) < LANE_LIMIT // 2
        and series.scale <= _FINEST
        and all(
            low <= min(opened, closed) <= max(opened, closed) <= high
            for opened, high, low, closed in zip(*prices, strict=True)
        )
    )


class _Form(NamedTuple):
    """Bars with their prices in two parts: in coarser units, and what is left in fine ones."""

    series: PriceSeries
    scale: int
    coarse: Sequence[Sequence[int]]
    fractions: Sequence[Sequence[int]]
    closes: Sequence[int]


def _forms(series: PriceSeries) -> Iterator[_Form]:
    """Yield the prices in the coarsest units that hold them exactly, and in cents and fractions."""
    prices: list[Sequence[int]] = [getattr(series, name) for name in PRICE_COLUMNS]
    shared, scale, unit = gcd(*(gcd(*column) for column in prices)), series.scale, 1
    while scale > _CENTS and shared % (unit * 10) == 0:
        unit, scale = unit * 10, scale - 1
    exact = [[price // unit for price in column] for column in prices]
    yield _Form(series, scale, exact, [], exact[-1])
    if scale > _CENTS:
        cent = 10 ** (scale - _CENTS)
        cents = [[price // cent for price in column] for column in exact]
        rest = [[price % cent for price in column] for column in exact]
        yield _Form(series, scale, cents, rest, exact[-1])


def _packed(form: _Form, ends: tuple[int, ...]) -> bytes:
    series = form.series
    flags = Flag.FRACTIONS if form.fractions else 0
    divisor = gcd(*series.volume) or 1
    base = min(series.volume) // divisor
    volumes = [volume // divisor - base for volume in series.volume]
    columns = [*_price_columns(*form.coarse), volumes, *form.fractions]
    flags, factors = _add_adjusted(flags, columns, series, form.closes)
    flags, missing = _add_days(flags, columns, series)
    header = Header(
        flags=flags,
        count=len(series),
        scale=form.scale,
        first_day=series.days[0],
        ends=ends,
        currency=series.currency,
        reference=form.coarse[0][0],
        divisor=divisor,
        base=base,
        missing=missing,
        first_minute=0 if series.minutes is None else series.minutes[0],
        adjusted_scale=series.adjusted_scale,
        factors=factors,
    )
    return written_header(header) + pack(columns)


def _price_columns(
    opens: Sequence[int], highs: Sequence[int], lows: Sequence[int], closes: Sequence[int]
) -> Columns:
    """Return open against the close before, close against open, high and low against both."""
    before = (opens[0], *closes[:-1])
    return [
        [zigzag(price - last) for price, last in zip(opens, before, strict=True)],
        [zigzag(last - price) for price, last in zip(opens, closes, strict=True)],
        [high - max(pair) for high, *pair in zip(highs, opens, closes, strict=True)],
        [min(pair) - low for low, *pair in zip(lows, opens, closes, strict=True)],
    ]


def _add_adjusted(
    flags: int, columns: Columns, series: PriceSeries, closes: Sequence[int]
) -> tuple[int, Factors]:
    adjusted = series.adjusted_close
    if adjusted is None:
        return flags, NO_FACTORS
    factors = factors_of(closes, adjusted)
    near = factors.apply(closes)
    if near == list(adjusted):
        return flags | Flag.ADJUSTED, factors
    columns.append([zigzag(wanted - each) for wanted, each in zip(adjusted, near, strict=True)])
    return flags | Flag.ADJUSTED | Flag.REMAINDERS, factors


def _add_days(flags: int, columns: Columns, series: PriceSeries) -> tuple[int, tuple[int, ...]]:
    missing = missing_weekdays(series.days) if series.minutes is None else None
    if missing is None:
        flags |= Flag.GAPS
        columns.append(gaps_of(series.days))
    if series.minutes is not None:
        flags |= Flag.MINUTES
        columns.append([zigzag(gap) for gap in gaps_of(series.minutes)])
    return flags, tuple(missing or ())
