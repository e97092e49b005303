"""The OpenAPI 3.1 document of the API, made from its operations.

`python -m signal9_handlers.openapi PATH` writes it.
"""

import json
import re
import sys
from collections.abc import Collection, Iterator
from functools import cache
from importlib.resources import files
from inspect import getdoc
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import DecimalSchema

from . import __version__
from .api.http import CSV, JSON
from .api.parameters import CommaSeparated
from .api.problems import NotFoundProblem, Problem
from .api.routing import Operation
from .routes import OPERATIONS

__all__ = ["document"]

Schema = dict[str, Any]

_STRING: Final = {"schema": {"type": "string"}}
_CONDITIONS: Final = {
    "If-None-Match": "Answer 304 if this is still the `ETag`.",
    "If-Match": "Change the record only if this is still its `ETag`.",
}

_PROBLEMS: Final = {400, 405, 414, 422, 429, 500, 502, 503, 504}
"""The statuses of problems that every path may have."""

_ALSO_SELECTED: Final = {"BarRow": "PriceColumns"}
"""Models whose fields are selected by the fields of another one."""


@cache
def document() -> str:
    """Return the document as JSON."""
    whole = _read("openapi_base.json")
    whole["info"]["version"] = __version__
    for operation in OPERATIONS:
        methods = whole["paths"].setdefault(operation.path, {})
        methods[operation.method.lower()] = _operation(operation)
    whole["paths"] = dict(sorted(whole["paths"].items()))
    whole["components"]["schemas"] = _schemas()
    return json.dumps(whole, ensure_ascii=False)


def _operation(operation: Operation) -> Schema:
    conditions = ["If-None-Match"] * (operation.method == "GET")
    conditions += ["If-Match"] * operation.conditional
    described: Schema = {
        "tags": [operation.resource.tag],
        "summary": operation.summary,
        "description": getdoc(operation.function) or "",
        "operationId": operation.operation_id,
        "parameters": [*_parameters(operation), *map(_condition, conditions)],
        "responses": _successes(operation) | _failures(operation),
        "security": [] if operation.scope is None else [{"token": [operation.scope]}],
    }
    if operation.body is not None:
        schema = {"schema": _ref("schemas", operation.body.__name__)}
        content = {JSON: schema | _example(f"{operation.operation_id}.request")}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation) -> Iterator[Schema]:
    model = operation.arguments.model_json_schema(schema_generator=_JsonSchema)
    for name, described in model.get("properties", {}).items():
        schema = _inlined(described, model.get("$defs", {}))
        parameter = {
            "name": name,
            "in": "query" if name in operation.in_query else "path",
            "required": name in model.get("required", ()),
            "description": schema.pop("description", ""),
        }
        example, *_ = schema.pop("examples", [None])
        if schema["type"] == "array":
            parameter |= {"style": "form", "explode": False}
            example = example and example.split(",")
        if schema.get("default") in (None, []):
            schema.pop("default", None)
        parameter |= {} if example is None else {"example": example}
        yield parameter | {"schema": schema}


def _inlined(schema: Schema, definitions: Schema) -> Schema:
    """Return a schema without references, titles, and `null`, which no query holds."""
    options = [option for option in schema.pop("anyOf", ()) if option != {"type": "null"}]
    for option in (*options, dict(schema)):
        name = option.get("$ref", "").rpartition("/")[2]
        schema = option | definitions.get(name, {}) | schema
    return {name: value for name, value in schema.items() if name not in {"$ref", "title"}}


def _condition(header: str) -> Schema:
    place = {"name": header, "in": "header", "required": False}
    return {**place, "description": _CONDITIONS[header], **_STRING}


def _successes(operation: Operation) -> Schema:
    name, headers = operation.answer.__name__, _headers("X-Request-Id", "ETag")
    schema: Schema = _ref("schemas", name)
    if _selected(operation):
        schema = {"anyOf": [schema, _ref("schemas", f"{name}Part")]}
    content: Schema = {JSON: {"schema": schema, **_example(operation.operation_id)}}
    responses: Schema = {"200": {"description": operation.answer.__doc__, "headers": headers}}
    if operation.method == "GET":
        responses["304"] = {"description": "Nothing has changed since then.", "headers": headers}
    if operation.csv:
        content[CSV] = _STRING
        responses["200"]["headers"] = headers | _headers("X-Next-Cursor")
    responses["200"]["content"] = content
    return responses


def _failures(operation: Operation) -> Schema:
    special = (
        ({401, 403}, operation.scope),
        ({404}, {*operation.in_path, "ticker"} & operation.arguments.model_fields.keys()),
        ({412}, operation.conditional),
        ({413, 415}, operation.body),
    )
    codes = _PROBLEMS.union(*(codes for codes, applies in special if applies))
    return {str(code): _ref("responses", str(code)) for code in sorted(codes)}


def _headers(*names: str) -> Schema:
    return {name: _ref("headers", name) for name in names}


def _ref(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _example(name: str) -> Schema:
    examples = _read("openapi_examples.json")
    return {"example": examples[name]} if name in examples else {}


@cache
def _read(name: str) -> Schema:
    content: Schema = json.loads((files(__package__) / name).read_text("utf-8"))
    return content


def _schemas() -> Schema:
    answers = (Problem, NotFoundProblem, *(operation.answer for operation in OPERATIONS))
    models: list[tuple[Any, Any]] = [(answer, "serialization") for answer in answers]
    models += [(operation.body, "validation") for operation in OPERATIONS if operation.body]
    _, schema = models_json_schema(
        models, ref_template="#/components/schemas/{model}", schema_generator=_JsonSchema
    )
    schemas: Schema = schema["$defs"]
    parts: Schema = {}
    for operation in OPERATIONS:
        if selected := _selected(operation):
            parts |= _parts(schemas, operation.answer.__name__, selected)
    return dict(sorted((schemas | parts).items()))


def _selected(operation: Operation) -> set[str]:
    """Return the models of which the parameter `fields` selects fields."""
    names = {
        item.model.__name__
        for field in operation.arguments.model_fields.values()
        for item in field.metadata
        if isinstance(item, CommaSeparated) and item.model
    }
    return names | {_ALSO_SELECTED[name] for name in names & _ALSO_SELECTED.keys()}


def _parts(schemas: Schema, name: str, selected: Collection[str]) -> Schema:
    """Return the models of an answer with only some fields, if any in it can be selected.

    Both models are documented, so that clients without `fields` can rely on all fields.
    """
    text = json.dumps(schemas[name])
    parts: Schema = {}
    for inner in re.findall(r'/schemas/(\w+)"', text):
        if inner_parts := _parts(schemas, inner, selected):
            parts |= inner_parts
            text = text.replace(f'/schemas/{inner}"', f'/schemas/{inner}Part"')
    if parts or name in selected:
        part = json.loads(text)
        if name in selected:
            del part["required"]
        parts[f"{name}Part"] = part
    return parts


class _JsonSchema(GenerateJsonSchema):
    """Describes decimals as numbers, as answers write them, and omits titles."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        """Describe a decimal."""
        return {"type": "number"}

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Omit titles, which only repeat names."""
        return False


if __name__ == "__main__":
    text = json.dumps(json.loads(document()), ensure_ascii=False, indent=1)
    Path(sys.argv[1]).write_text(f"{text}\n", encoding="utf-8")
