"""Takes a JSON Schema apart into shapes: no references, no choices, one type each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

from .errors import ConstructError

__all__ = ["JsonSchema", "Shapes", "is_leaf", "is_object", "same"]

JsonSchema: TypeAlias = Mapping[str, object]

_TAKEN_APART: Final = ("$ref", "allOf", "anyOf", "const", "oneOf")
_GREATER: Final = ("exclusiveMinimum", "minItems", "minLength", "minimum")
_LESSER: Final = ("exclusiveMaximum", "maxItems", "maxLength", "maximum")


class Shapes:
    """What documents of one schema may look like.

    A field that the schema does not name is not there, unless `additionalProperties` or an object
    that names no field at all lets it be.
    """

    def __init__(self, root: JsonSchema) -> None:
        self._root = root

    def of(self, schema: object) -> list[JsonSchema]:
        """Return every way to satisfy `schema`, a part of the whole."""
        if not isinstance(schema, Mapping):
            return [] if schema is False else [{}]
        found: list[JsonSchema] = [{}]
        for part in self._parts(schema):
            both = [_both(one, other) for one in found for other in part]
            found = [each for each in both if each is not None]
        return found

    def field(self, shape: JsonSchema, name: str) -> Iterator[JsonSchema | None]:
        """Yield what a field of an object may be, and `None` where it may be missing.

        Items stand for their array, as EventBridge sees them: an empty one is nothing.
        """
        if name not in cast("Sequence[str]", shape.get("required", ())):
            yield None
        properties = cast("Mapping[str, object]", shape.get("properties", {}))
        others = shape.get("additionalProperties", not properties)
        yield from self._flat(properties.get(name, others))

    def _parts(self, schema: JsonSchema) -> Iterator[list[JsonSchema]]:
        own = {key: value for key, value in schema.items() if key not in _TAKEN_APART}
        if "const" in schema:
            own["enum"] = [schema["const"]]
        named = own.get("type")
        yield [{**own, "type": each} for each in named] if isinstance(named, list) else [own]
        if "$ref" in schema:
            yield self.of(self._referred(str(schema["$ref"])))
        for each in cast("Sequence[object]", schema.get("allOf", ())):
            yield self.of(each)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                choices = cast("Sequence[object]", schema[key])
                yield [shape for choice in choices for shape in self.of(choice)]

    def _flat(self, schema: object) -> Iterator[JsonSchema | None]:
        for shape in self.of(schema):
            if "type" not in shape and "enum" not in shape:
                yield None
            if shape.get("type") != "array":
                yield shape
                continue
            if not shape.get("minItems"):
                yield None
            yield from self._flat(shape.get("items", True))

    def _referred(self, reference: str) -> object:
        found: object = self._root
        for part in reference.removeprefix("#").removeprefix("/").split("/"):
            if part and (not isinstance(found, Mapping) or part not in found):
                raise ConstructError(f"the schema refers to {reference}, which it lacks")
            found = cast("Mapping[str, object]", found)[part] if part else found
        return found


def is_object(shape: JsonSchema) -> bool:
    """Tell whether a shape may have fields."""
    return shape.get("type", "object") == "object" and "enum" not in shape


def is_leaf(shape: JsonSchema) -> bool:
    """Tell whether a shape may be one value."""
    return shape.get("type") != "object"


def same(one: object, other: object) -> bool:
    """Tell whether two values are the same in JSON, where `true` is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _both(one: JsonSchema, other: JsonSchema) -> JsonSchema | None:
    """Return the shape of what has both shapes, or `None` where nothing can."""
    types = {shape["type"] for shape in (one, other) if "type" in shape}
    if types == {"integer", "number"}:
        types = {"integer"}
    if len(types) > 1:
        return None
    twice = {key: _narrower(key, one[key], other[key]) for key in one.keys() & other.keys()}
    kind = {"type": types.pop()} if types else {}
    return {**one, **other, **twice, **kind}


def _narrower(key: str, one: object, other: object) -> object:
    """Return what one keyword says where it is said twice."""
    if key in _GREATER:
        return max(cast("float", one), cast("float", other))
    if key in _LESSER:
        return min(cast("float", one), cast("float", other))
    if key == "enum":
        choices = cast("Sequence[object]", other)
        return [each for each in cast("Sequence[object]", one) if _among(each, choices)]
    if key == "required":
        return [*cast("Sequence[str]", one), *cast("Sequence[str]", other)]
    if key == "properties":
        mine, others = cast("Mapping[str, object]", one), cast("Mapping[str, object]", other)
        twice = {
            name: {"allOf": [mine[name], others[name]]} for name in mine.keys() & others.keys()
        }
        return {**mine, **others, **twice}
    return other


def _among(value: object, choices: Sequence[object]) -> bool:
    return any(same(value, choice) for choice in choices)
