"""What all answers and request bodies have in common, and how answers are written as JSON.

Field names are in camelCase. Numbers are JSON numbers with all their decimals.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import ConfigDict, WithJsonSchema

from ..domain.model import Model

_encoder = msgspec.json.Encoder(decimal_format="number")

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class Answer(Model):
    """Part of an answer; it can be read from an object that has its fields, and more."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


class Request(Model):
    """Part of a request body; unknown fields are refused."""

    model_config = ConfigDict(validate_by_name=False)


def to_json(answer: Answer, fields: Sequence[str] = ()) -> bytes:
    """Return an answer as JSON in UTF-8, with all digits of its numbers.

    With `fields`, only those, of every item of a list; they have their names in JSON.
    """
    content = answer.model_dump()
    return _encoder.encode(_select(content, set(fields)) if fields else content)


def _select(content: Mapping[str, object], fields: AbstractSet[str]) -> Mapping[str, object]:
    match content.get("items"):
        case dict() as columns:
            return {**content, "items": _select(columns, fields)}
        case list() | tuple() as rows:
            return {**content, "items": [_select(row, fields) for row in rows]}
    return {name: value for name, value in content.items() if name in fields}
