"""Parameters that several paths share; what each means stands in the OpenAPI document."""

import re
from datetime import date
from typing import Annotated, Final
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator, BeforeValidator

__all__ = ["Cursor", "Flag", "From", "TickerInPath", "TickerInQuery", "To"]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("Input should be a date, written YYYY-MM-DD")
    return value


def _flag(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("Input should be true or false")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Flag = Annotated[bool, BeforeValidator(_flag)]

From = Annotated[Day | None, Query(alias="from", description="The first day, included.")]
To = Annotated[Day | None, Query(alias="to", description="The last day, included.")]
Cursor = Annotated[
    str | None,
    Query(description="Where to go on: the `nextCursor` of the page before, unchanged."),
]
TickerInPath = Annotated[
    str, AfterValidator(unquote), Path(description="A ticker, in upper or lower case: `BRK.B`.")
]
TickerInQuery = Annotated[str | None, Query(description="Only what is about this company.")]
