"""What all parsers share: decoding, cleaning, fast construction of models, price series."""

import csv
import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from math import floor
from typing import Any, Final, TypeVar

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError

from ..domain.model import Ticker, blank_to_none
from ..domain.prices import PriceSeries, decimals_of, find_invalid_bar
from ..errors import PayloadError, ProviderError
from ..provider_port import Parser, Record

M = TypeVar("M", bound=BaseModel)

_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_TICKER: Final = TypeAdapter[str](Ticker)
_NUMBER: Final = re.compile(r"-?\d{1,38}(\.\d{1,38})?([eE][+-]?\d{1,2})?", re.ASCII)
_DIGITS: Final = 38
_LARGEST_EXPONENT: Final = 126
_LONGEST_TEXT: Final = 100_000
_DEEPEST: Final = 24
"""Levels of nested values, which DynamoDB limits to 32 with those of our own."""
_SCALES: Final = (4, 6, 9)
_WEEK: Final = 6
"""Days from the last trading day of a week to that of the next one, with rare exceptions."""
_FEWEST_GAPS: Final = 3
_SAMPLE: Final = 60
_EXACT: Final = 10**15
"""Below this, a float holds every digit of a decimal number."""


def label(provider: str, function: str, ticker: Ticker | None) -> str:
    """Return how messages name a request."""
    return f"{provider} {function}" + (f" {ticker}" if ticker else "")


@contextmanager
def payload_errors(where: str) -> Iterator[None]:
    """Turn everything that is wrong with a body into a `ProviderError` that names the request."""
    try:
        yield
    except ProviderError as error:
        raise type(error)(f"{where}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        value = f"{field} {first['input']!r:.80}: " if field else ""
        raise PayloadError(f"{where}: {value}{first['msg']}") from error
    except RecursionError as error:
        raise PayloadError(f"{where}: nested too deeply") from error
    except (ArithmeticError, ValueError, csv.Error, msgspec.MsgspecError) as error:
        raise PayloadError(f"{where}: {error}") from error
    except (AttributeError, LookupError, TypeError) as error:
        # A shape that no response had so far must not stop what is about other companies.
        raise PayloadError(f"{where}: {type(error).__name__}: {error}") from error


def named_parsers(provider: str, parsers: Mapping[str, Parser]) -> dict[str, Parser]:
    """Return parsers by function whose errors name provider, function and company."""
    return {name: partial(_parse, provider, name, parser) for name, parser in parsers.items()}


def _parse(
    provider: str, function: str, parser: Parser, body: bytes, ticker: Ticker | None
) -> list[Record]:
    with payload_errors(label(provider, function, ticker)):
        return list(parser(body, ticker))


def check_json(where: str, body: bytes) -> None:
    """Raise `PayloadError` for repeated or empty names, and for values that no store can hold.

    A decoder keeps the last value of a repeated name, and says nothing. A table is accepted.
    """
    if body[:64].lstrip()[:1] in {b"{", b"["}:
        with payload_errors(where):
            json.loads(
                body,
                object_pairs_hook=_check_object,
                parse_float=_check_number,
                parse_constant=_check_number,
            )


def _check_object(pairs: Sequence[tuple[str, object]]) -> None:
    names = {name for name, _ in pairs}
    if len(names) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"{counts.most_common(1)[0][0]!r:.80} occurs twice in one object")
    if "" in names:
        raise ValueError("a field has no name")
    for name, value in pairs:
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise ValueError(f"{name!r:.80} has {len(value):,} characters")


def _check_number(text: str) -> None:
    if not _is_storable(Decimal(text)):
        raise ValueError(f"{text:.80} has too many digits, or is not finite")


def _is_storable(number: Decimal) -> bool:
    """Return whether a number has at most 38 digits, and is neither too large nor too small."""
    _, digits, exponent = number.as_tuple()
    return (
        isinstance(exponent, int)
        and len(digits) <= _DIGITS
        and -_LARGEST_EXPONENT <= exponent <= _LARGEST_EXPONENT - len(digits)
    )


def decode(body: bytes) -> Any:
    """Return the content of a JSON body, its numbers as exact decimals."""
    return _JSON.decode(body)


def csv_table(body: bytes, required: Collection[str]) -> tuple[list[str], list[list[str]]]:
    """Return the column names and the rows of a CSV body; the required columns are there."""
    text = body.decode("utf-8-sig")
    lines = csv.reader(text.splitlines(), strict=True)
    names = [name.strip() for name in next(lines, ())]
    require(names, required, "column")
    if len(set(names)) < len(names) or "" in names:
        raise PayloadError(f"a column occurs twice or has no name: {', '.join(names):.200}")
    if "\r\n" in text and not text.endswith("\n"):
        raise PayloadError("the last row is cut off")
    rows = list(lines)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise PayloadError(f"row {number} has {len(row)} of {len(names)} columns")
    return names, rows


def csv_rows(body: bytes, required: Collection[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV body by column name."""
    names, rows = csv_table(body, required)
    return [dict(zip(names, row, strict=True)) for row in rows]


def require(names: Collection[str], required: Collection[str], kind: str = "field") -> None:
    """Raise `PayloadError` if a required name is missing."""
    missing = [name for name in required if name not in names]
    if missing:
        known = ", ".join(list(names)[:12]) or "nothing"
        raise PayloadError(f"{kind} {', '.join(missing)} is missing; there is {known}")


@lru_cache(maxsize=1 << 15)
def is_ticker(symbol: str) -> bool:
    """Return whether a symbol is a ticker, not a placeholder such as `NXT(EXP20091224)`."""
    try:
        _TICKER.validate_python(symbol)
    except ValidationError:
        return False
    return True


def clean(value: object, levels: int = _DEEPEST) -> object:
    """Return a JSON value with `None` for what providers write when a value is missing."""
    if isinstance(value, str):
        return blank_to_none(value)
    if not levels:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return [clean(item, levels - 1) for item in value]
    return clean_fields(value, levels=levels - 1) if isinstance(value, dict) else value


def clean_fields(
    raw: dict[str, Any], without: Iterable[str] = (), levels: int = _DEEPEST
) -> dict[str, Any]:
    """Clean an object in place, without some of its fields, and return it."""
    for name in without:
        raw.pop(name, None)
    for name, value in raw.items():
        if isinstance(value, str):
            raw[name] = blank_to_none(value)
        elif value and value is not True:  # flags are half of the values in long lists
            raw[name] = clean(value, levels)
    return raw


def as_number(value: object) -> object:
    """Return a text that spells a number as this number; anything else as it is."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    number = Decimal(value)
    return number if _is_storable(number) else value


def decimal_or_none(value: object) -> Decimal | None:
    """Return a number or a text as an exact number, `None` if it is missing."""
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) and _is_storable(number := Decimal(value)):
            return number
        if blank_to_none(value) is None:
            return None
        raise ValueError(f"invalid number {value!r:.40}")
    return value if value is None or isinstance(value, Decimal) else Decimal(str(value))


def builder(model: type[M]) -> Callable[[dict[str, Any], dict[str, Any] | None], M]:
    """Return a function that builds a model of values and extra fields that were checked before.

    That takes a fraction of the time of validation. If an extra field has the name of one of the
    model's own, everything is validated after all.
    """
    fields, new, put = model.model_fields, model.__new__, object.__setattr__
    defaults = {name: field.default for name, field in fields.items()}
    disjoint = frozenset((*fields, *(field.alias for field in fields.values()))).isdisjoint
    fields_set = set(fields)

    def build(values: dict[str, Any], extra: dict[str, Any] | None) -> M:
        if extra and not disjoint(extra):
            return model.model_validate(values | extra)
        built = new(model)
        put(built, "__dict__", defaults | values)
        put(built, "__pydantic_extra__", extra)
        put(built, "__pydantic_fields_set__", fields_set)
        put(built, "__pydantic_private__", None)
        return built

    return build


def series_of(
    ticker: Ticker,
    days: Sequence[int],
    prices: Sequence[list[float]],
    volume: Sequence[int],
    splits: Mapping[int, Fraction] | None = None,
) -> PriceSeries:
    """Return the columns of daily bars, oldest first, as a series of plausible prices.

    `days` are ordinals, `prices` are open, high, low and close; `splits` are the ratios by day,
    `None` if the provider does not say.
    """
    if not is_ticker(ticker):
        raise PayloadError(f"invalid ticker {ticker!r:.40}")
    if _are_weeks_apart(days):
        raise PayloadError("the bars are a week or more apart, so they are not daily ones")
    (opens, highs, lows, closes), scale = _scaled(prices)
    series = PriceSeries(
        ticker=ticker,
        days=array("i", days),
        open=array("q", opens),
        high=array("q", highs),
        low=array("q", lows),
        close=array("q", closes),
        volume=array("q", volume),
        scale=scale,
    )
    problem = find_invalid_bar(series, splits)
    if problem is not None:
        raise PayloadError(problem)
    return series


def _are_weeks_apart(days: Sequence[int]) -> bool:
    """Return whether ascending days are those of weeks, of which the last may be a part."""
    gaps = sorted(later - day for day, later in pairwise(days[-_SAMPLE:-1]))
    return len(gaps) >= _FEWEST_GAPS and gaps[len(gaps) // _SAMPLE] >= _WEEK


def _scaled(columns: Sequence[list[float]]) -> tuple[list[list[int]], int]:
    """Return prices exactly, as integers in units of `10 ** -scale`, and the scale."""
    largest = max(max(column, default=0) for column in columns)
    for scale in _SCALES:
        unit = 10**scale
        scaled = [list(map(floor, [price * unit + 0.5 for price in column])) for column in columns]
        back = [[number / unit for number in column] for column in scaled]
        if largest * unit < _EXACT and back == columns:
            return scaled, scale
    exact = [[Decimal(repr(price)) for price in column] for column in columns]
    scale = max(decimals_of(price) for column in exact for price in column)
    return [[int(price.scaleb(scale)) for price in column] for column in exact], scale
