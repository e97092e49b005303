"""What callers may send to be stored: their own record, part by part, under the record's names.

A field that is not known is refused, so that nobody believes something was stored which was not.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from .domain import MOST_TOPICS, MOST_WATCHED, InvestorType, Name, WizardStatus

__all__ = [
    "ProfilePatch",
    "RecordPatch",
    "Request",
    "TopicsPut",
    "WatchlistPut",
    "WizardPut",
    "request_schema",
]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if value is not None and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Input should be a date, written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Spelling = Annotated[str, Field(min_length=1, max_length=40)]


class Request(BaseModel):
    """Part of what is sent: camelCase, nothing unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=False
    )


class ProfilePatch(Request):
    """What changes about who a person is; `null` removes, what is left out stays."""

    first_name: Name | None = Field(None, description="Given name.")
    last_name: Name | None = Field(None, description="Family name.")
    birth_date: Day | None = Field(None, description="Of someone who is 18 or older.")


class RecordPatch(Request):
    """What changes in a record; `null` removes, what is left out stays."""

    profile: ProfilePatch = ProfilePatch()
    investor_type: InvestorType | None = Field(None, description="Readiness to carry risk.")


class WizardPut(Request):
    """How far a person got with introducing themselves."""

    wizard: WizardStatus = Field(
        description="`completed` needs names, birth date and investor type."
    )


class TopicsPut(Request):
    """The topics to follow, instead of those before."""

    topics: Annotated[Sequence[Word], Field(max_length=MOST_TOPICS)] = Field(
        description="Tags, in any spelling; kept in lower case, joined by underscores, each once."
    )


class WatchlistPut(Request):
    """The companies to watch, in this order, instead of those before."""

    watchlist: Annotated[Sequence[Spelling], Field(max_length=MOST_WATCHED)] = Field(
        description="Known tickers, in upper or lower case; each is kept once."
    )


def request_schema(kind: type[Request]) -> dict[str, Any]:
    """Return the JSON Schema of what is sent: for the API's document, and for API Gateway."""
    return kind.model_json_schema()
