"""Which symbols of a list can be tickers at all."""

import csv
import re
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from math import floor
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from pydantic import TypeAdapter, ValidationError

from ..domain import (
    MINUTES_A_DAY,
    BarLength,
    Column,
    Interval,
    PriceSeries,
    Ticker,
    blank_to_none,
    decimals_of,
    find_invalid_bar,
)
from ..errors import PayloadError

__all__ = [
    "DIGITS_AS_ZEROS",
    "Moments",
    "Rows",
    "Scaled",
    "columns",
    "decimal",
    "decode",
    "fields",
    "figure",
    "integers",
    "is_ticker",
    "kept",
    "models_of",
    "moments_of",
    "need",
    "plain",
    "rows_of",
    "scaled",
    "series_of",
    "table",
    "whole",
]

_TICKER: TypeAdapter[str] = TypeAdapter(Ticker)


def is_ticker(symbol: str) -> bool:
    """Tell whether a symbol is a ticker, and no remark or placeholder (`NXT(EXP20091224)`)."""
    try:
        _TICKER.validate_python(symbol)
    except ValidationError:
        return False
    return True


_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_FIGURE: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,2})?")
_LONGEST_FIGURE: Final = 38


def decode(body: bytes, where: str) -> object:
    """Return what a JSON body says, numbers as they are written."""
    try:
        return _JSON.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"{where}: no whole JSON came: {error}") from error


def table(body: bytes, where: str, required: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV body by column; `PayloadError` names a column that is missing."""
    names, rows = _table(body, where, required)
    return [dict(zip(names, row, strict=True)) for row in rows]


def columns(body: bytes, where: str, required: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the columns of a CSV body; `PayloadError` names one that is missing."""
    names, rows = _table(body, where, required)
    found = zip(*rows, strict=True) if rows else ((),) * len(names)
    return dict(zip(names, found, strict=True))


def _table(
    body: bytes, where: str, required: Sequence[str]
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    try:
        rows = csv.reader(body.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise PayloadError(f"{where}: the table is no UTF-8 text") from error
    names = [name.strip() for name in next(rows, ())]
    need(dict.fromkeys(names), required, where, "column")
    found = list(rows)
    for number, row in enumerate(found, start=2):
        if len(row) != len(names):
            raise PayloadError(f"{where}: row {number} has {len(row)} of {len(names)} columns")
    return names, found


def need(
    found: Mapping[str, object], required: Sequence[str], where: str, kind: str = "field"
) -> None:
    """Raise `PayloadError` where a name that cannot be done without is not there."""
    missing = [name for name in required if name not in found]
    if missing:
        known = ", ".join(list(found)[:12]) or "nothing"
        raise PayloadError(f"{where}: {kind} {', '.join(missing)} is missing; there is {known}")


@contextmanager
def models_of(where: str) -> Iterator[None]:
    """Turn what makes no model into a `PayloadError` that names the field."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(each) for each in first["loc"])
        wrong = f"{field} {first['input']!r:.80}: " if field else ""
        raise PayloadError(f"{where}: {wrong}{first['msg']}") from error
    except (ArithmeticError, ValueError) as error:
        raise PayloadError(f"{where}: {error}") from error


def figure(text: object) -> object:
    """Return a text as the number that it spells, exactly, or else as it is."""
    if isinstance(text, str) and len(text) <= _LONGEST_FIGURE and _FIGURE.fullmatch(text):
        return Decimal(text)
    return text


def plain(value: object) -> object:
    """Return a value, and whatever is in it, with what providers write for nothing as `None`."""
    if isinstance(value, str):
        return blank_to_none(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


def fields(raw: Mapping[str, object], without: Container[str] = ()) -> dict[str, object]:
    """Return all fields of an object but some, in the same way."""
    # Half of all values of long lists are yes or no.
    return {
        name: value if value is True or value is False else plain(value)
        for name, value in raw.items()
        if name not in without
    }


Scaled = tuple[Sequence[int], int]
"""Numbers in units of `10 ** -scale`, and the scale: as many decimals as any has, at least two."""

DIGITS_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"0" * 9)
"""What turns texts into their shapes: every digit is a zero."""

_INTEGERS: Final = msgspec.json.Decoder(list[int])
_LEADING_ZEROS: Final = re.compile(rb"(?<![0-9])0+(?=[0-9])")
_BLANKS_AS_ZEROS: Final = bytes.maketrans(b" ", b"0")
_CENTS: Final = 2
_DIGITS: Final = 18
"""So many fit into a column, whichever they are."""
_DECIMALS_OF_FLOATS: Final = (4, 6, 9)
_EXACT_BITS: Final = 49
"""Numbers of so many bits have at most 15 digits, and a float spells every one of them."""


def scaled(values: Sequence[Any]) -> Scaled:
    """Return texts, or floats, as whole numbers; `ValueError` names what is no number."""
    if not values:
        return [], _CENTS
    try:
        return _of_floats(list(values)) if isinstance(values[0], float) else _of_texts(values)
    except (OverflowError, ValueError):
        return _of_decimals([decimal(str(each)) for each in values])


def kept(found: Scaled) -> Scaled:
    """Return numbers as a column, without their last decimals where it could not hold those."""
    numbers, scale = found
    try:
        return array("q", numbers), scale
    except OverflowError:
        excess = len(str(max(map(abs, numbers)))) - _DIGITS
        if excess > scale - _CENTS:
            raise
        unit = 10**excess
        return array("q", [(2 * each + unit) // (2 * unit) for each in numbers]), scale - excess


def whole(texts: Sequence[str]) -> list[int]:
    """Return whole numbers; `ValueError` names one that is not."""
    try:
        found = integers(",".join(texts).encode())
    except ValueError:
        found = []
    return found if len(found) == len(texts) else [_whole(decimal(each)) for each in texts]


def decimal(text: str) -> Decimal:
    """Return the number that a text spells, in any way; `ValueError` where it spells none."""
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ValueError(f"{text!r:.40} is no number")
    return found


def integers(joined: bytes) -> list[int]:
    """Return what stands between commas, with or without leading zeros; `ValueError` for others."""
    try:
        return _INTEGERS.decode(b"[%b]" % joined)
    except msgspec.DecodeError:
        return _INTEGERS.decode(b"[%b]" % _LEADING_ZEROS.sub(b"", joined))


def _of_texts(texts: Sequence[str]) -> Scaled:
    joined = "\t,".join(texts) + "\t"
    if joined.count(".") < len(texts):
        joined = "\t,".join(each if "." in each else f"{each}." for each in texts) + "\t"
    sent, marks = joined.encode(), b".," * (len(texts) - 1) + b"."
    if sent.translate(None, b"0123456789\t-") != marks or sent.count(b"\t") != len(texts):
        raise ValueError("written in another way than 123.45")
    if b",." in b"," + sent or b"-." in sent:
        raise ValueError("no digit before the point")
    shape = sent.translate(DIGITS_AS_ZEROS)
    decimals = max(_CENTS, _most_decimals(shape, texts[0]))
    alike = shape.count(b"." + b"0" * decimals + b"\t") == len(texts)
    return integers(sent.translate(None, b".\t") if alike else _aligned(joined, decimals)), decimals


def _most_decimals(shape: bytes, first: str) -> int:
    decimals = len(first.partition(".")[2])
    while b"." + b"0" * (decimals + 1) in shape:
        decimals += 1
    return decimals


def _aligned(joined: str, decimals: int) -> bytes:
    """Return numbers without their points, zeros added where others have more decimals.

    A tab fills what is missing up to its column, of which those after a line break are counted.
    """
    lines = joined.replace(".", "\n").expandtabs(decimals + 1).encode()
    # It always fills one too many, as a tab is never empty.
    return lines.translate(_BLANKS_AS_ZEROS, b"\n").replace(b"0,", b",")[:-1]


def _of_floats(floats: list[float]) -> Scaled:
    for decimals in _DECIMALS_OF_FLOATS:
        unit = 10.0**decimals
        numbers = list(map(floor, [each * unit + 0.5 for each in floats]))
        # What divided gives the float is what was sent, as long as it has no more than 15 digits.
        exact = [each / unit for each in numbers] == floats
        if exact and all(0 <= number < 1 << _EXACT_BITS for number in numbers):
            return numbers, decimals
    raise ValueError("too many digits for floats")


def _of_decimals(values: Sequence[Decimal]) -> Scaled:
    scale = max(_CENTS, *map(decimals_of, values))
    return [int(value.scaleb(scale)) for value in values], scale


def _whole(value: Decimal) -> int:
    found = int(value)
    if found != value:
        raise ValueError(f"{value} is no whole number")
    return found


InOrder = Callable[[Column], Column]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a payload says about bars, column by column, in its own order.

    `days` are ordinals; `prices` are open, high, low and close, in units of `10 ** -scale`.
    `splits` holds new shares for an old one by day, where the payload tells of splits.
    """

    days: Sequence[int]
    prices: Sequence[Sequence[int]]
    scale: int
    volume: Sequence[int]
    adjusted_close: Scaled | None = None
    splits: Mapping[int, Fraction] | None = None
    minutes: Sequence[int] | None = None
    interval: BarLength = Interval.DAY


def rows_of(days: Sequence[int], prices: Sequence[Sequence[Any]], volume: Sequence[int]) -> Rows:
    """Return columns of texts or floats as rows; `ValueError` where something is no number."""
    joined, scale = scaled(list(chain.from_iterable(prices)))
    count = len(days)
    columns = [joined[at : at + count] for at in range(0, len(joined), count or 1)]
    return Rows(days, columns, scale, volume)


def series_of(ticker: Ticker, rows: Rows, where: str) -> PriceSeries:
    """Return rows as a series, oldest first; `PayloadError` names one that cannot be."""
    try:
        series = _in_order(ticker, rows)
    except (OverflowError, ValueError) as error:
        raise PayloadError(f"{where}: {error}") from error
    wrong = find_invalid_bar(series, rows.splits)
    if wrong is not None:
        raise PayloadError(f"{where}: {wrong}")
    return series


def _in_order(ticker: Ticker, rows: Rows) -> PriceSeries:
    days, minutes = rows.days, rows.minutes
    newest_first = len(days) > 1 and days[0] > days[-1]
    try:
        return _series(ticker, rows, _backwards if newest_first else _as_they_are)
    except ValueError:
        return _series(ticker, rows, _sorting(days, minutes))


def _series(ticker: Ticker, rows: Rows, ordered: InOrder) -> PriceSeries:
    opens, highs, lows, closes = (ordered(array("q", each)) for each in rows.prices)
    adjusted, adjusted_scale = rows.adjusted_close or (None, 2)
    return PriceSeries(
        ticker=ticker,
        days=ordered(array("i", rows.days)),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=ordered(array("q", rows.volume)),
        scale=rows.scale,
        adjusted_close=None if adjusted is None else ordered(array("q", adjusted)),
        adjusted_scale=adjusted_scale,
        interval=rows.interval,
        minutes=None if rows.minutes is None else ordered(array("h", rows.minutes)),
    )


def _as_they_are(column: Column) -> Column:
    return column


def _backwards(column: Column) -> Column:
    return column[::-1]


def _sorting(days: Sequence[int], minutes: Sequence[int] | None) -> InOrder:
    """Return what brings columns into the order of time."""
    places = sorted(range(len(days)), key=list(zip(days, minutes or days, strict=True)).__getitem__)
    return lambda column: array(column.typecode, map(column.__getitem__, places))


_NEW_YORK = "America/New_York"


class Moments(NamedTuple):
    """Ordinals of days of trading, and minutes; late ones have more than a day's."""

    days: list[int]
    minutes: list[int]


def moments_of(starts: Iterable[datetime]) -> Moments:
    """Return when bars start; `ValueError` where one does not start with a minute."""
    zone = ZoneInfo(_NEW_YORK)
    found = Moments([], [])
    for start in starts:
        there = start.astimezone(UTC)
        if there.second or there.microsecond:
            raise ValueError(f"the bar of {there.isoformat()} does not start with a minute")
        day = start.astimezone(zone).toordinal()
        found.days.append(day)
        found.minutes.append(
            (there.toordinal() - day) * MINUTES_A_DAY + there.hour * 60 + there.minute
        )
    return found
