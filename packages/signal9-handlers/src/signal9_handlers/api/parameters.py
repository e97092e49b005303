"""Parameters that several paths share; what each means stands in the OpenAPI document."""

import re
from datetime import date
from typing import Annotated, Final
from urllib.parse import unquote

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from .fields import TICKER_SCHEMA
from .operation import Named

__all__ = [
    "DIGITS",
    "FIELDS",
    "Cursor",
    "Flag",
    "From",
    "TickerInPath",
    "TickerInQuery",
    "To",
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

From = Annotated[Day | None, Named("from"), Field(description="The first day, included.")]
To = Annotated[Day | None, Named("to"), Field(description="The last day, included.")]
DIGITS: Final = BeforeValidator(_whole)
"""Stands last in `Annotated` of whole numbers: only digits will do, neither `1_0` nor `1.0`."""

FIELDS: Final = "Only these fields, with commas between: of each item, or of a single answer."
"""What a parameter `fields` is for."""

Cursor = Annotated[
    str | None,
    Field(
        max_length=2_048,
        description="Where to go on: the `nextCursor` of the page before, unchanged.",
    ),
]
TickerInPath = Annotated[
    str,
    BeforeValidator(_decoded),
    StringConstraints(max_length=40),
    WithJsonSchema(TICKER_SCHEMA),
    Field(description="A ticker, in upper or lower case: `BRK.B`.", examples=["AAPL"]),
]
TickerInQuery = Annotated[
    str | None,
    Field(max_length=40),
    WithJsonSchema(TICKER_SCHEMA),
    Field(description="Only what is about this company."),
]
