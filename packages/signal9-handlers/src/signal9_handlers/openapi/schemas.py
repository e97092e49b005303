"""Models and parameters as JSON Schema."""

from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import DecimalSchema

from signal9_core.schemas import request_schema

from ..api.operation import Operation, Parameter
from ..api.problems import NotFoundProblem, Problem
from .parts import PART, add_parts, can_be_part
from .resources import body_of, operations

if TYPE_CHECKING:
    from pydantic import BaseModel

    from signal9_core.schemas import Answer

__all__ = ["REFERENCE", "answer_schema", "parameter_schema", "request_models", "schemas"]

REFERENCE: Final = "#/components/schemas/{model}"
"""How the document refers to a model."""


def schemas() -> dict[str, Any]:
    """Return the schema of every model that is answered or sent, by name."""
    answers = dict.fromkeys(each.answer for each in operations() if each.answer is not None)
    bodies = dict.fromkeys(body.type for each in operations() if (body := body_of(each)))
    outgoing: list[type[BaseModel]] = [Problem, NotFoundProblem, *answers]
    _, found = models_json_schema(
        [
            *((each, "serialization") for each in outgoing),
            *((each, "validation") for each in bodies),
        ],
        ref_template=REFERENCE,
        schema_generator=_AsOnTheWire,
    )
    every: dict[str, Any] = found["$defs"]
    add_parts(every, list(operations()))
    return dict(sorted(every.items()))


def answer_schema(operation: Operation, answer: "type[Answer]") -> dict[str, Any]:
    """Return what an operation answers; where `fields` can be chosen, maybe only a part of it."""
    whole = {"$ref": REFERENCE.format(model=answer.__name__)}
    if not can_be_part(operation):
        return whole
    return {"anyOf": [whole, {"$ref": REFERENCE.format(model=answer.__name__ + PART)}]}


def request_models() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each body that is accepted, by `METHOD /path`.

    API Gateway checks bodies against the very same models before a function runs.
    """
    return {
        f"{each.method} {each.path}": request_schema(body.type)
        for each in operations()
        if (body := body_of(each)) is not None
    }


def parameter_schema(each: Parameter) -> dict[str, Any]:
    """Return a parameter's schema without what only repeats, and `null`, which no query holds."""
    schema = each.adapter.json_schema(schema_generator=_AsOnTheWire)
    definitions = schema.pop("$defs", {})
    given = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    for one in (*given, *definitions.values()):
        schema = {**one, **schema}
    return {key: value for key, value in schema.items() if key not in _SAID_ELSEWHERE}


_SAID_ELSEWHERE: Final = frozenset({"$ref", "description", "examples", "title"})


class _AsOnTheWire(GenerateJsonSchema):
    """Describes decimals as the numbers that answers write."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        """Return what JSON has for a decimal."""
        return {"type": "number"}

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Leave out titles that would only repeat the name."""
        return False
