"""What every model shares: immutability, and one name per field for Python, JSON and storage."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

__all__ = ["Currency", "Exact", "Instant", "Model", "OpenModel", "Score", "Ticker", "blank_to_none"]

_MISSING: Final = frozenset({"", "-", "none", "null"})
_LONGEST_MISSING: Final = max(map(len, _MISSING))


def blank_to_none(value: object) -> object:
    """Turn what providers write for nothing (`"None"`, `"-"`, `""`, `"null"`) into `None`."""
    if not isinstance(value, str):
        return value
    # Most texts are longer, and have no blanks around them that would have to go first.
    if len(value) > _LONGEST_MISSING and value[0] > " " and value[-1] > " ":
        return value
    return None if value.strip().lower() in _MISSING else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _text_of_instant(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


Ticker = Annotated[
    str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9.:_\-]{0,19}$")
]
"""A ticker in its canonical form: upper case, share classes after a full stop (`BRK.B`)."""

Currency = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Instant = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(_text_of_instant, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An aware moment, always in UTC."""

Exact = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=38)]
"""A number that keeps its digits: at most 38, which is what every store can hold."""

Score = Annotated[Exact, Field(ge=-1, le=1)]
"""A tone from -1 (bearish) to 1 (bullish)."""


class Model(BaseModel):
    """An immutable fact: `fiscal_date` in Python is `fiscalDate` in JSON and in the tables."""

    # Built when first used: a process that answers one question needs few of the models.
    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


class OpenModel(Model):
    """A fact from a provider; fields that it has and we do not know are kept as they came."""

    model_config = ConfigDict(extra="allow")
