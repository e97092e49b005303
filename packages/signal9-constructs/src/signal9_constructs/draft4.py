"""Puts a JSON Schema into the words of draft 4, the only draft that AWS reads."""

from collections.abc import Mapping
from typing import Final

__all__ = ["DRAFT_4", "draft4"]

DRAFT_4: Final = "http://json-schema.org/draft-04/schema#"

_BOUNDS: Final = {"exclusiveMaximum": ("maximum", min), "exclusiveMinimum": ("minimum", max)}
_BY_NAME: Final = ("$defs", "definitions", "patternProperties", "properties")
_DATA: Final = ("const", "default", "enum", "examples", "required")
_OF_OTHER_DRAFTS: Final = ("$id", "$schema")


def draft4(schema: object) -> object:
    """Return `schema` in draft 4; what draft 4 has no word for stays as it is."""
    if isinstance(schema, list):
        return [draft4(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    older: dict[str, object] = {}
    for key, value in schema.items():
        if key not in _OF_OTHER_DRAFTS and key not in _BOUNDS:
            older.update(_older(key, value))
    for key, (bound, narrower) in _BOUNDS.items():
        out = schema.get(key)
        if isinstance(out, bool):
            older[key] = out
        elif isinstance(out, int | float):
            known = older.get(bound, out)
            older[bound] = narrower(out, known) if isinstance(known, int | float) else out
            older[key] = older[bound] == out
    return older


def _older(key: str, value: object) -> dict[str, object]:
    """Return one keyword as draft 4 says it."""
    if key == "const":
        return {"enum": [value]}
    if key == "$ref":
        return {key: str(value).replace("#/$defs/", "#/definitions/")}
    if key in _DATA:
        return {key: value}
    if key in _BY_NAME and isinstance(value, Mapping):
        named = {name: draft4(each) for name, each in value.items()}
        return {"definitions" if key == "$defs" else key: named}
    return {key: draft4(value)}
