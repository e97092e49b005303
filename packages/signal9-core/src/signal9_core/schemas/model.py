"""What all answers share, and how they become JSON."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import ConfigDict, WithJsonSchema

from ..domain import Model

__all__ = ["Answer", "Number", "to_json"]

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class Answer(Model):
    """Part of an answer; it can be read from an object that has its fields, and more."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    def wire(self, fields: Sequence[str] = ()) -> Mapping[str, object]:
        """Return what JSON is made of; with `fields`, only those, of every item of a list.

        Fields have their names in JSON; unknown ones are ignored.
        """
        whole = self.model_dump()
        if not fields:
            return whole
        items = whole.get("items")
        if items is None:
            return _select(whole, fields)
        if isinstance(items, Mapping):
            return {**whole, "items": _select(items, fields)}
        return {**whole, "items": [_select(item, fields) for item in items]}


_encoder = msgspec.json.Encoder(decimal_format="number")


def to_json(answer: Answer, fields: Sequence[str] = ()) -> bytes:
    """Return an answer as JSON in UTF-8, with all digits of its numbers."""
    return _encoder.encode(answer.wire(fields))


def _select(whole: Mapping[str, object], fields: Sequence[str]) -> Mapping[str, object]:
    return {name: value for name, value in whole.items() if name in fields}
