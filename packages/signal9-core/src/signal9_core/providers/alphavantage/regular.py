"""Daily bars that come in exactly the usual form, read as one long list of whole numbers.

AlphaVantage writes every row alike, and every price with four decimals. Without letters, points,
quotes and dashes such a body is a list of whole numbers, which takes a fraction of the time that
rows of texts take. Nothing is taken on trust: the body's shape, which is the body with every digit
as a zero, is cut into rows, and each of the few kinds of rows that there are has to be the usual
one to the last character; blanks are counted. Whatever differs in any way is left to `times`,
which reads by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from ...domain import Column, column_of
from ..digits import DIGITS_AS_ZEROS, integers
from .forms import BLANKS, CSV, CSV_HEAD, JSON, JSON_HEAD, JSON_TAIL, ROW, Form

__all__ = ["Regular", "read_regular"]

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
    days, columns = column_of((), "i"), [column_of(()) for _ in form.places]
    known: set[bytes] = set()
    for block in blocks:
        rows = block.removesuffix(form.end)
        if not _are_usual(rows, form, spacing, known):
            return None
        numbers = integers(rows.translate(form.commas, form.others).removeprefix(b","))
        days.extend(column_of([*map(form.ordinals.__getitem__, numbers[:: form.width])], "i"))
        for column, place in zip(columns, form.places, strict=True):
            column.extend(column_of(numbers[place :: form.width]))
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
