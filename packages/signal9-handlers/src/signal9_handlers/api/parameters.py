"""Parameters that several paths share; what each means stands in the OpenAPI document."""

import re
from datetime import date
from typing import Annotated, Final
from urllib.parse import unquote

from pydantic import BeforeValidator, Field, StringConstraints

from .operation import Named

__all__ = [
    "Cursor",
    "Fields",
    "Flag",
    "From",
    "TickerInPath",
    "TickerInQuery",
    "Tickers",
    "To",
    "Whole",
]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("Input should be a date, written YYYY-MM-DD")
    return value


def _flag(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("Input should be true or false")
    return value


def _whole(value: object) -> object:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("Input should be a whole number")
    return value


def _decoded(value: object) -> object:
    return unquote(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Whole = Annotated[int, BeforeValidator(_whole)]

From = Annotated[Day | None, Named("from"), Field(description="The first day, included.")]
To = Annotated[Day | None, Named("to"), Field(description="The last day, included.")]
Cursor = Annotated[
    str | None,
    Field(
        max_length=2_048,
        description="Where to go on: the `nextCursor` of the page before, unchanged.",
    ),
]
Fields = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=500,
        description="Only these fields, with commas between: of each item, or of a single answer.",
    ),
]
TickerInPath = Annotated[
    str,
    BeforeValidator(_decoded),
    StringConstraints(max_length=40),
    Field(description="A ticker, in upper or lower case: `BRK.B`.", examples=["AAPL"]),
]
TickerInQuery = Annotated[
    str | None, Field(max_length=40, description="Only what is about this company.")
]
Tickers = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1_000,
        description="Tickers with commas between, answered in this order.",
        examples=["AAPL,IBM"],
    ),
]
