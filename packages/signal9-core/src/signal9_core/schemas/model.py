"""What every answer shares: its names in JSON, and how it becomes JSON."""

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
        """Return what JSON is made of; with `fields`, only those, of each item where it is a list.

        Fields are named as in JSON; unknown ones are left out.
        """
        whole = self.model_dump()
        if not fields:
            return whole
        items = whole.get("items")
        if items is None:
            return _chosen(whole, fields)
        if isinstance(items, Mapping):
            return {**whole, "items": _chosen(items, fields)}
        return {**whole, "items": [_chosen(each, fields) for each in items]}


_encoder = msgspec.json.Encoder(decimal_format="number")


def to_json(answer: Answer, fields: Sequence[str] = ()) -> bytes:
    """Return the answer as JSON in UTF-8, with every digit that is stored."""
    return _encoder.encode(answer.wire(fields))


def _chosen(whole: Mapping[str, object], fields: Sequence[str]) -> Mapping[str, object]:
    return {name: value for name, value in whole.items() if name in fields}
