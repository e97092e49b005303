"""Converts JSON Schemas to draft 4, the only draft that AWS services accept."""

from collections.abc import Mapping
from typing import Final, TypeAlias, cast

__all__ = ["DRAFT_4", "JsonSchema", "as_draft_4", "draft_4_document"]

JsonSchema: TypeAlias = Mapping[str, object]

DRAFT_4: Final = "http://json-schema.org/draft-04/schema#"

_BOUNDS: Final = {"exclusiveMaximum": ("maximum", min), "exclusiveMinimum": ("minimum", max)}
_NAMED_SCHEMAS: Final = ("$defs", "definitions", "patternProperties", "properties")
_DATA: Final = ("const", "default", "enum", "examples", "required")
_DROPPED: Final = ("$id", "$schema")


def draft_4_document(schema: JsonSchema) -> dict[str, object]:
    """Return `schema` as a draft 4 document of its own."""
    return {"$schema": DRAFT_4, **cast("JsonSchema", as_draft_4(schema))}


def as_draft_4(schema: object) -> object:
    """Return `schema` in draft 4; keywords that draft 4 lacks are left as they are."""
    if isinstance(schema, list):
        return [as_draft_4(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    converted: dict[str, object] = {}
    for keyword, value in schema.items():
        if keyword not in _DROPPED and keyword not in _BOUNDS:
            converted.update(_convert(keyword, value))
    for keyword, (bound, narrower) in _BOUNDS.items():
        exclusive = schema.get(keyword)
        if isinstance(exclusive, bool):
            converted[keyword] = exclusive
        elif isinstance(exclusive, int | float):
            inclusive = converted.get(bound, exclusive)
            tighter = narrower(exclusive, cast("float", inclusive))
            converted |= {bound: tighter, keyword: tighter == exclusive}
    return converted


def _convert(keyword: str, value: object) -> dict[str, object]:
    if keyword == "const":
        return {"enum": [value]}
    if keyword == "$ref":
        return {keyword: str(value).replace("#/$defs/", "#/definitions/")}
    if keyword in _DATA:
        return {keyword: value}
    if keyword in _NAMED_SCHEMAS and isinstance(value, Mapping):
        named = {name: as_draft_4(schema) for name, schema in value.items()}
        return {"definitions" if keyword == "$defs" else keyword: named}
    return {keyword: as_draft_4(value)}
