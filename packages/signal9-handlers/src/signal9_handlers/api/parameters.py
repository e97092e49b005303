"""Types of parameters: how a value is read from text, and how OpenAPI describes it."""

import re
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

__all__ = [
    "CommaSeparated",
    "Cursor",
    "Flag",
    "From",
    "TickerInPath",
    "TickerInQuery",
    "To",
    "WholeNumber",
    "fields_of",
    "tickers",
]

_FIELDS: Final = "Return only these fields of the answer, or of each of its items; comma-separated."
_TICKER: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9.:\-]{0,19}$",
}
_DIGITS: Final = re.compile("[0-9]{1,18}")


class WholeNumber(NamedTuple):
    """A whole number in plain digits, between two bounds, both included; for `Annotated`."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Read the number, described as an integer with bounds."""
        number = core_schema.int_schema(ge=self.least, le=self.most)
        return core_schema.no_info_before_validator_function(self._read, number)

    def _read(self, value: object) -> int:
        if _DIGITS.fullmatch(text := str(value)) and self.least <= int(text) <= self.most:
            return int(text)
        raise ValueError(f"must be a whole number between {self.least} and {self.most}")


class CommaSeparated(NamedTuple):
    """Several different values in one text, separated by commas; for `Annotated`.

    With a model, values are names of its fields, as JSON spells them.
    """

    most: int
    item_schema: dict[str, Any]
    model: type[BaseModel] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Split the text."""
        return core_schema.no_info_plain_validator_function(self._split)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Describe an array."""
        bounds = {"minItems": 1, "maxItems": self.most, "uniqueItems": True}
        description = {"description": _FIELDS} if self.model else {}
        return {"type": "array", "items": self.item_schema, **bounds, **description}

    def _split(self, text: object) -> tuple[str, ...]:
        values = tuple(str(text).split(","))
        if len(values) > self.most:
            raise ValueError(f"must have at most {self.most} entries, not {len(values)}")
        if len(set(values)) < len(values):
            raise ValueError("must not contain an entry twice")
        if "" in values:
            raise ValueError("must not contain an empty entry")
        known = self.item_schema.get("enum", values)
        if not set(values) <= set(known):
            raise ValueError(f"must contain only {', '.join(known)}")
        return values


def fields_of(model: type[BaseModel]) -> CommaSeparated:
    """Return the type of a parameter that selects fields of a model."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    return CommaSeparated(len(names), {"type": "string", "enum": names}, model)


def tickers(most: int) -> CommaSeparated:
    """Return the type of a parameter that names several companies."""
    return CommaSeparated(most, _TICKER)


def _day(text: object) -> object:
    with suppress(ValueError):
        day = date.fromisoformat(str(text))
        if day.isoformat() == text:  # not another ISO form, such as 20240102
            return day
    raise ValueError("must be a date, written YYYY-MM-DD")


def _flag(text: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    raise ValueError("must be true or false")


_Day = Annotated[date, BeforeValidator(_day)]

Flag = Annotated[bool, BeforeValidator(_flag)]
From = Annotated[_Day | None, Field(alias="from", description="The first day, included.")]
To = Annotated[_Day | None, Field(alias="to", description="The last day, included.")]
Cursor = Annotated[
    str | None,
    Field(max_length=2_048, description="`nextCursor` of the previous page, unchanged."),
]
TickerInPath = Annotated[
    str,
    BeforeValidator(unquote),
    StringConstraints(max_length=40),
    WithJsonSchema(_TICKER),
    Field(description="A ticker, in upper or lower case, such as `BRK.B`.", examples=["AAPL"]),
]
TickerInQuery = Annotated[
    str | None,
    Field(max_length=40, description="Only about this company."),
    WithJsonSchema(_TICKER),
]
