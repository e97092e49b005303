"""The usual forms of daily bars: what their rows look like, and where their numbers are.

A row's shape is the row with every digit as a zero and without blanks.
"""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ...domain import (
    PRICE_COLUMNS,
    Column,
    CorporateAction,
    IntradayInterval,
    PriceSeries,
    Ticker,
)
from ...errors import PayloadError
from .. import parsing as columns
from .. import parsing as payload
from ..parsing import (
    DIGITS_AS_ZEROS,
    Rows,
    decimal,
    integers,
    kept,
    models_of,
    moments_of,
    scaled,
    series_of,
    whole,
)
from . import decode as bodies
from .symbols import canonical

__all__ = [
    "BLANKS",
    "CSV",
    "CSV_HEAD",
    "JSON",
    "JSON_HEAD",
    "JSON_TAIL",
    "ROW",
    "Daily",
    "Form",
    "Regular",
    "TimeSeries",
    "about",
    "company",
    "read",
    "read_by_name",
    "read_daily",
    "read_intraday",
    "read_regular",
    "rows_of",
]

BLANKS: Final = b" \n\r\t"
_PRICES: Final = ("open", "high", "low", "close")


class Ordinals(dict[int, int]):
    """Ordinals of days that are written as whole numbers, each found out once.

    `unit` tells how often 20240102 is in what is written.
    """

    def __init__(self, unit: int) -> None:
        super().__init__()
        self._unit = unit

    def __missing__(self, written: int) -> int:
        month, day = divmod(written // self._unit, 100)
        self[written] = ordinal = date(*divmod(month, 100), day).toordinal()
        return ordinal


class Form(NamedTuple):
    """How rows end and look, and how to make numbers of them.

    `commas` turns some characters into commas, `others` are left out, and what is left is numbers:
    so many a row, first the day, and at `places` the prices and the volume.
    """

    end: bytes
    blanks: bytes
    shape: "re.Pattern[bytes]"
    commas: bytes
    others: bytes
    width: int
    places: range
    ordinals: Ordinals


def _pattern(text: str) -> "re.Pattern[bytes]":
    """Return a pattern in which an underscore stands for any blanks."""
    return re.compile(text.replace("_", r"[ \n\r\t]*").encode())


def _row(digit: str, blank: str, blanks: str) -> "re.Pattern[bytes]":
    """Return what a row looks like, from the comma before it up to the brace that ends it."""
    day = f'"{digit * 4}-{digit * 2}-{digit * 2}"'
    prices = [f'"{digit}\\.{blank}{name}"_:_"{digit}+\\.{digit * 4}"' for name in _PRICES]
    fields = "_,_".join((*prices, f'"{digit}\\.{blank}volume"_:_"{digit}+"'))
    return _pattern(f"_,_{day}_:_\\{{_{fields}_".replace("_", blanks))


def _all_but(kept: bytes) -> bytes:
    return bytes(each for each in range(256) if each not in kept)


JSON_HEAD: Final = _pattern(r'_\{_"Meta Data"_:_(\{[^{}]*\})_,_"Time Series \([A-Za-z]+\)"_:_\{')
"""All before the first row; its group is what the document says about itself."""
JSON_TAIL: Final = _pattern(r"_\}_\}_")
"""All after the last row."""
ROW: Final = _row(r"\d", " ", "_")
"""A row as it is sent."""
CSV_HEAD: Final = re.compile(rb"timestamp,open,high,low,close,volume\r?\n")
"""The names of the columns."""

# One letter of each name becomes a comma: open, high, low, close, volume. Between the numbers of a
# row are then those that its names begin with, as in "2. high"; the first is at the end of the day.
JSON: Final = Form(
    end=b"}",
    blanks=BLANKS,
    shape=_row("0", "", ""),
    commas=bytes.maketrans(b"oi", b",,"),
    others=_all_but(b"0123456789,oi"),
    width=10,
    places=range(1, 10, 2),
    ordinals=Ordinals(10),
)
"""Rows of texts under numbered names."""

CSV: Final = Form(
    end=b"\n",
    blanks=b"",
    shape=re.compile(rb"0000-00-00,(0+\.0000,){4}0+\r?"),
    commas=bytes.maketrans(b"\n", b","),
    others=_all_but(b"0123456789,\n"),
    width=6,
    places=range(1, 6),
    ordinals=Ordinals(1),
)
"""Lines."""


_DECIMALS: Final = 4
_BLOCK: Final = 120_000
"""Bytes that are looked at together: for more, memory would be asked of the system each time."""


class Regular(NamedTuple):
    """Ordinals of days, prices with `scale` decimals and volumes; `meta` is what JSON adds."""

    meta: Mapping[str, str]
    days: Column
    prices: Sequence[Column]
    volume: Column
    scale: int = _DECIMALS


class _Spacing(NamedTuple):
    """How many blanks each row has, and how many more the first."""

    each: int = 0
    more: int = 0


def read_regular(body: bytes) -> Regular | None:
    """Return the bars of a body, JSON or CSV; `None` where it is not wholly as usual.

    `ValueError` where a day is in no calendar.
    """
    if head := CSV_HEAD.match(body):
        return _read(CSV, {}, _blocks(body, head.end(), len(body), CSV.end), _Spacing())
    head, stop = JSON_HEAD.match(body), _end_of_rows(body)
    spacing = None if head is None else _spacing(body, head.end(), stop)
    if head is None or spacing is None:
        return None
    try:
        meta = msgspec.json.decode(head[1], type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _read(JSON, meta, _blocks(body, head.end(), stop, JSON.end, b","), spacing)


def _end_of_rows(body: bytes) -> int:
    """Return where the last row ends in a document that ends with its bars; 0 in any other."""
    stop = len(body)
    for _ in ("document", "bars", "bar"):
        stop = max(0, body.rfind(b"}", 0, stop))
    return stop + 1 if JSON_TAIL.fullmatch(body, stop + 1) else 0


def _spacing(body: bytes, start: int, stop: int) -> _Spacing | None:
    """Return how rows are spaced; `None` where the first two have blanks that mean something."""
    end = body.find(b"}", start, stop)
    first = b"," + body[start:end]
    second = first if end + 1 == stop else body[end + 1 : body.find(b"}", end + 1, stop)]
    if end < 0 or not ROW.fullmatch(first) or not ROW.fullmatch(second):
        return None
    return _Spacing(_blanks(second), _blanks(first) - _blanks(second))


def _blanks(text: bytes) -> int:
    return len(text) - len(text.translate(None, BLANKS))


def _blocks(body: bytes, start: int, stop: int, end: bytes, before: bytes = b"") -> Iterator[bytes]:
    """Yield whole rows, many at once; the very first has something before it."""
    while start < stop:
        after = body.find(end, start + _BLOCK, stop) + 1 or stop
        yield before + body[start:after]
        start, before = after, b""


def _read(
    form: Form, meta: Mapping[str, str], blocks: Iterator[bytes], spacing: _Spacing
) -> Regular | None:
    days, columns = array("i"), [array("q") for _ in form.places]
    known: set[bytes] = set()
    for block in blocks:
        rows = block.removesuffix(form.end)
        if not _are_usual(rows, form, spacing, known):
            return None
        numbers = integers(rows.translate(form.commas, form.others).removeprefix(b","))
        days.extend(array("i", [*map(form.ordinals.__getitem__, numbers[:: form.width])]))
        for column, place in zip(columns, form.places, strict=True):
            column.extend(array("q", numbers[place :: form.width]))
        spacing = _Spacing(spacing.each)
    *prices, volume = columns
    return Regular(meta, days, prices, volume) if days else None


def _are_usual(rows: bytes, form: Form, spacing: _Spacing, known: set[bytes]) -> bool:
    """Tell whether rows have the usual shape; those that are `known` have it, and more are added.

    Thousands of rows are of a few kinds, as only prices and volumes differ in length.
    """
    shape = rows.translate(DIGITS_AS_ZEROS, form.blanks)
    shapes = shape.split(form.end)
    kinds = set(shapes)
    alike = all(map(form.shape.fullmatch, kinds - known))
    known |= kinds
    return alike and len(rows) - len(shape) == spacing.each * len(shapes) + spacing.more


_NUMBERED: Final = re.compile(r"^\d+[a-z]?\. ")
_PRICES_TIMES: Final = ("open", "high", "low", "close", "volume")


class TimeSeries(NamedTuple):
    """An answer of a time series function: `stamps`, and texts by plain column name.

    `zone` is whose clock the stamps show. A column that some bars lack has `None` for them.
    """

    ticker: Ticker | None
    zone: str | None
    stamps: Sequence[str]
    columns: Mapping[str, Sequence[Any]]


class _Adjusted(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    open: str = msgspec.field(name="1. open")
    high: str = msgspec.field(name="2. high")
    low: str = msgspec.field(name="3. low")
    close: str = msgspec.field(name="4. close")
    adjusted_close: str = msgspec.field(name="5. adjusted close")
    volume: str = msgspec.field(name="6. volume")
    dividend_amount: str = msgspec.field(name="7. dividend amount")
    split_coefficient: str = msgspec.field(name="8. split coefficient")


class _Usual(msgspec.Struct, forbid_unknown_fields=True):
    meta: dict[str, str] = msgspec.field(name="Meta Data")
    bars: dict[str, _Adjusted] = msgspec.field(name="Time Series (Daily)")


_USUAL: Final = msgspec.json.Decoder(_Usual)


def read(body: bytes, where: str) -> TimeSeries:
    """Return the bars in a body, in the order in which they came."""
    if not bodies.is_json(body):
        columns = payload.columns(body, where, ("timestamp", *_PRICES_TIMES))
        stamps = columns.pop("timestamp")
        return TimeSeries(None, None, stamps, {_plain(name): columns[name] for name in columns})
    try:
        return _usual(_USUAL.decode(body), where)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _by_name(bodies.document(body, where, ("Meta Data",)), where)


def about(meta: object, where: str) -> tuple[Ticker | None, str | None]:
    """Return whom a body is about and in which time zone, where its head says so."""
    said = _by_plain_name(meta, where)
    symbol = said.get("symbol")
    return canonical(symbol) if symbol else None, said.get("time zone")


def _usual(found: _Usual, where: str) -> TimeSeries:
    """Return adjusted bars with the columns that they have had for years."""
    bars = found.bars.values()
    columns = {
        "open": [bar.open for bar in bars],
        "high": [bar.high for bar in bars],
        "low": [bar.low for bar in bars],
        "close": [bar.close for bar in bars],
        "adjusted close": [bar.adjusted_close for bar in bars],
        "volume": [bar.volume for bar in bars],
        "dividend amount": [bar.dividend_amount for bar in bars],
        "split coefficient": [bar.split_coefficient for bar in bars],
    }
    return TimeSeries(*about(found.meta, where), list(found.bars), columns)


def _by_name(document: Mapping[str, object], where: str) -> TimeSeries:
    if not document:
        return TimeSeries(None, None, (), {})
    ticker, zone = about(document["Meta Data"], where)
    found = next((each for name, each in document.items() if "Time Series" in name), None)
    if not isinstance(found, dict):
        raise PayloadError(f"{where}: Time Series is missing; there is {', '.join(document)}")
    return TimeSeries(ticker, zone, list(found), _columns(found, where))


def _columns(bars: Mapping[str, Any], where: str) -> dict[str, Sequence[Any]]:
    """Return the columns of bars by name; usually all bars have the same ones."""
    first: Any = next(iter(bars.values()), {})
    alike = isinstance(first, dict) and len(first) > 1
    if alike and all(type(bar) is dict and bar.keys() == first.keys() for bar in bars.values()):
        _need_prices({_plain(name): "" for name in first}, where, next(iter(bars)))
        rows = map(itemgetter(*first), bars.values())
        return dict(zip(map(_plain, first), zip(*rows, strict=True), strict=True))
    plain = [_by_plain_name(bar, where) for bar in bars.values()]
    for stamp, bar in zip(bars, plain, strict=True):
        _need_prices(bar, where, stamp)
    names = dict.fromkeys(name for bar in plain for name in bar)
    return {name: [bar.get(name) for bar in plain] for name in names}


def _need_prices(bar: Mapping[str, str], where: str, stamp: str) -> None:
    payload.need(bar, _PRICES_TIMES, f"{where}, {stamp}")


def _by_plain_name(values: object, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise PayloadError(f"{where}: {values!r:.80} came in place of an object")
    return {_plain(name): str(value) for name, value in values.items()}


def _plain(name: str) -> str:
    return _NUMBERED.sub("", name).replace("_", " ").strip().lower()


def company(ticker: Ticker | None, where: str) -> Ticker:
    """Return whom a body is about; `PayloadError` where neither it nor the question says so."""
    if ticker is None:
        raise PayloadError(f"{where}: it does not say which company it is about")
    return ticker


def rows_of(found: TimeSeries, days: Sequence[int], where: str) -> Rows:
    """Return bars whose days are known; `ValueError` where something is no number."""
    adjusted = found.columns.get("adjusted close")
    if adjusted and None in adjusted:
        raise PayloadError(f"{where}: only some days have an adjusted close")
    prices = [found.columns[name] for name in PRICE_COLUMNS]
    rows = columns.rows_of(days, prices, whole(found.columns["volume"]))
    # They are computed, to the last digit of a float, and those of early years begin late.
    return replace(rows, adjusted_close=kept(scaled(adjusted))) if adjusted else rows


_ACTIONS: Final = (
    ("dividend amount", "dividend", "amount", Decimal(0)),
    ("split coefficient", "split", "ratio", Decimal(1)),
)
"""The column of each action, what it is called here, and what it says where there is none."""


class Daily(NamedTuple):
    """Days of trading in one company, and what it did to its shares on them."""

    series: PriceSeries
    actions: list[CorporateAction]


def read_daily(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return what a body says of one company; `None` where it says nothing."""
    where = bodies.place("TIME_SERIES_DAILY", ticker)
    with models_of(where):
        found = read_regular(body)
        if found is None:
            return read_by_name(body, ticker)
        about_whom = company(about(found.meta, where)[0] or ticker, where)
        rows = Rows(found.days, found.prices, found.scale, found.volume)
        return Daily(series_of(about_whom, rows, where), [])


def read_by_name(body: bytes, ticker: Ticker | None) -> Daily | None:
    """Return the same, whatever the order of columns, and however many decimals prices have."""
    where = bodies.place("TIME_SERIES_DAILY", ticker)
    found = read(body, where)
    if not found.stamps:
        return None
    with models_of(where):
        about_whom = company(found.ticker or ticker, where)
        days = list(map(date.toordinal, map(date.fromisoformat, found.stamps)))
        rows, actions = rows_of(found, days, where), list(_actions(about_whom, found))
        if "split coefficient" in found.columns:
            splits = {each.ex_date.toordinal(): each.ratio for each in actions if each.ratio}
            rows = replace(rows, splits={day: Fraction(splits[day]) for day in splits})
        return Daily(series_of(about_whom, rows, where), actions)


def _actions(ticker: Ticker, found: TimeSeries) -> Iterator[CorporateAction]:
    """Yield dividends and splits; on most days there is neither, and the usual text says so."""
    for name, kind, field, none in _ACTIONS:
        texts = set(found.columns.get(name, ()))
        usual = {text for text in texts if decimal(text or str(none)) in {none, Decimal(0)}}
        for stamp, text in zip(found.stamps, found.columns.get(name, ()), strict=False):
            if text not in usual:
                yield CorporateAction.model_validate(
                    {"ticker": ticker, "kind": kind, "exDate": stamp, field: decimal(text)}
                )


_ZONES: Final = {"US/Eastern": "America/New_York"}
_UNSAID: Final = "US/Eastern"


def read_intraday(
    body: bytes, ticker: Ticker | None, interval: IntradayInterval
) -> PriceSeries | None:
    """Return the bars of a body, oldest first; `None` where it has none."""
    where = bodies.place("TIME_SERIES_INTRADAY", ticker)
    found = read(body, where)
    zone = _zone(found.zone or _UNSAID, where)
    if not found.stamps:
        return None
    with models_of(where):
        stamps = map(datetime.fromisoformat, found.stamps)
        days, minutes = moments_of(stamp.replace(tzinfo=zone) for stamp in stamps)
        rows = replace(rows_of(found, days, where), minutes=minutes, interval=interval)
        return series_of(company(found.ticker or ticker, where), rows, where)


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(_ZONES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PayloadError(f"{where}: no time zone is called {name!r}") from error
