"""Bodies, read by name: JSON documents, CSV tables, and models made of them."""

import csv
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

import msgspec
from pydantic import ValidationError

from ..domain import blank_to_none
from ..errors import PayloadError

__all__ = ["columns", "decode", "fields", "figure", "models_of", "need", "plain", "table"]

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
