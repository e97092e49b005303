"""What every model shares: immutability, one name per field, and the values that fields hold."""

import re
from datetime import UTC, date, datetime
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

_MISSING: Final = frozenset({"", "-", "none", "null"})
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def blank_to_none(value: object) -> object:
    """Turn a provider's `"None"`, `"-"`, `""` or `"null"` into `None`."""
    if isinstance(value, str) and value.strip().lower() in _MISSING:
        return None
    return value


def parse_day(text: str) -> date:
    """Return the day that `text` names as `YYYY-MM-DD`; `ValueError` for any other spelling."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"invalid date {text!r}: {error}") from error
    raise ValueError(f"invalid date {text!r}, must be YYYY-MM-DD")


def _parse_text(value: object) -> object:
    if isinstance(value, str):
        return parse_day(value)
    if value is None or isinstance(value, date):
        return value
    raise ValueError(f"invalid date {value!r:.40}, must be YYYY-MM-DD")


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _iso_instant(value: datetime) -> str:
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
    PlainSerializer(_iso_instant, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An aware moment, always in UTC."""

Exact = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=38)]
"""A number that keeps its digits: at most 38, which is what every store can hold."""

Score = Annotated[Exact, Field(ge=-1, le=1)]
"""A sentiment from -1 (bearish) to 1 (bullish)."""

OptionalText = Annotated[str | None, BeforeValidator(blank_to_none)]
Day = Annotated[date, BeforeValidator(_parse_text)]
"""A day as `YYYY-MM-DD`; a number is refused, since it would count as seconds since 1970."""
OptionalDay = Annotated[date | None, BeforeValidator(_parse_text), BeforeValidator(blank_to_none)]
OptionalNumber = Annotated[Exact | None, BeforeValidator(blank_to_none)]
OptionalCurrency = Annotated[Currency | None, BeforeValidator(blank_to_none)]


class Model(BaseModel):
    """An immutable fact: `fiscal_date` in Python is `fiscalDate` in JSON and in the tables."""

    # Built when first used: a process that answers one request needs few of the models.
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
