"""Says whether an event pattern could match any document of a JSON Schema.

A pattern that matches nothing is not an error for EventBridge: the rule is simply silent. So a
misspelt field, a value outside an enumeration or an operator for another type is found here.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Final, TypeAlias, cast

from .errors import ConstructError

__all__ = ["JsonSchema", "Pattern", "check_pattern"]

JsonSchema: TypeAlias = Mapping[str, object]
Pattern: TypeAlias = Mapping[str, object]

_STRINGS: Final = ("prefix", "suffix", "equals-ignore-case", "wildcard", "cidr")
_ABSENT: Final = {"exists": False}
_OPEN: Final[JsonSchema] = {}


def check_pattern(schema: JsonSchema, pattern: Pattern) -> None:
    """Raise where `pattern` asks for something that no document of `schema` has."""
    _check(schema, schema, pattern, "detail")


def _check(root: JsonSchema, schema: JsonSchema, pattern: Pattern, path: str) -> None:
    for name, wanted in pattern.items():
        if name == "$or":
            _check_any(root, schema, cast("Sequence[Pattern]", wanted), path)
        elif isinstance(wanted, Mapping):
            _check_nested(root, schema, name, wanted, f"{path}.{name}")
        else:
            _check_field(root, schema, name, cast("Sequence[object]", wanted), f"{path}.{name}")


def _check_any(root: JsonSchema, schema: JsonSchema, choices: Sequence[Pattern], path: str) -> None:
    for choice in choices:
        _check(root, schema, choice, path)


def _check_nested(
    root: JsonSchema, schema: JsonSchema, name: str, wanted: Pattern, path: str
) -> None:
    problems = []
    for shape in _fields(root, schema, name):
        try:
            _check(root, shape, wanted, path)
        except ConstructError as problem:
            problems.append(problem)
        else:
            return
    raise problems[0] if problems else ConstructError(f"{path}: no schema has such a field")


def _check_field(
    root: JsonSchema, schema: JsonSchema, name: str, wanted: Sequence[object], path: str
) -> None:
    shapes = list(_fields(root, schema, name))
    if not shapes and wanted != [_ABSENT]:
        raise ConstructError(f"{path}: no schema has such a field")
    optional = any(name not in _required(shape) for shape in _variants(root, schema))
    impossible = [
        each
        for each in wanted
        if not (optional if each == _ABSENT else any(_possible(shape, each) for shape in shapes))
    ]
    if impossible or not wanted:
        raise ConstructError(f"{path}: nothing that a schema allows matches {impossible}")


def _required(shape: JsonSchema) -> Sequence[str]:
    return cast("Sequence[str]", shape.get("required", ()))


def _fields(root: JsonSchema, schema: JsonSchema, name: str) -> Iterator[JsonSchema]:
    """Yield what the field `name` may look like, in any variant of `schema`."""
    for shape in _variants(root, schema):
        properties = cast("Mapping[str, JsonSchema]", shape.get("properties", {}))
        more = shape.get("additionalProperties")
        if name in properties:
            yield from _variants(root, properties[name])
        elif isinstance(more, Mapping):
            yield from _variants(root, more)
        elif more is True:
            yield _OPEN


def _variants(root: JsonSchema, schema: JsonSchema) -> Iterator[JsonSchema]:
    """Yield `schema` without references and choices; items stand for their array."""
    if "$ref" in schema:
        yield from _variants(root, _referred(root, str(schema["$ref"])))
        return
    choices = [
        choice
        for key in ("allOf", "anyOf", "oneOf")
        for choice in cast("Sequence[JsonSchema]", schema.get(key, ()))
    ]
    for choice in choices:
        yield from _variants(root, choice)
    if schema.get("type") == "array":
        yield from _variants(root, cast("JsonSchema", schema.get("items", _OPEN)))
    elif not choices or "properties" in schema:
        yield schema


def _referred(root: JsonSchema, reference: str) -> JsonSchema:
    found: object = root
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(found, Mapping) or part not in found:
            raise ConstructError(f"the schema refers to {reference}, which it lacks")
        found = found[part]
    return cast("JsonSchema", found)


def _possible(shape: JsonSchema, wanted: object) -> bool:
    if isinstance(wanted, Mapping):
        ((operator, operand),) = wanted.items()
        return _operator_possible(shape, str(operator), operand)
    return _value_possible(shape, wanted)


def _operator_possible(shape: JsonSchema, operator: str, operand: object) -> bool:
    if operator == "exists":
        return True
    if operator == "anything-but":
        unwanted = operand if isinstance(operand, list) else [operand]
        values = _values(shape)
        return values is None or any(value not in unwanted for value in values)
    if operator == "numeric":
        return _numeric_possible(shape, cast("Sequence[str | float]", operand))
    if operator in _STRINGS:
        return _string_possible(shape, operator, operand)
    raise ConstructError(f"EventBridge knows no operator {operator!r}")


def _numeric_possible(shape: JsonSchema, operand: Sequence[str | float]) -> bool:
    low, high = _bound(shape, "minimum", -inf), _bound(shape, "maximum", inf)
    for sign, value in zip(operand[::2], map(float, operand[1::2]), strict=True):
        low = max(low, value) if sign in {">", ">=", "="} else low
        high = min(high, value) if sign in {"<", "<=", "="} else high
    return _is(shape, "number", "integer") and low <= high


def _bound(shape: JsonSchema, name: str, otherwise: float) -> float:
    value = shape.get(name, otherwise)
    return float(value) if isinstance(value, int | float) else otherwise


def _string_possible(shape: JsonSchema, operator: str, operand: object) -> bool:
    values = _values(shape)
    if not _is(shape, "string") or values is None or not isinstance(operand, str):
        return _is(shape, "string")
    texts = [str(value) for value in values]
    if operator == "prefix":
        return any(text.startswith(operand) for text in texts)
    if operator == "suffix":
        return any(text.endswith(operand) for text in texts)
    if operator == "equals-ignore-case":
        return operand.lower() in {text.lower() for text in texts}
    return True


def _value_possible(shape: JsonSchema, wanted: object) -> bool:
    values = _values(shape)
    if values is not None:
        return wanted in values
    return _is(shape, *_types_of(wanted))


def _types_of(value: object) -> tuple[str, ...]:
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    return ("string",) if isinstance(value, str) else ("number", "integer")


def _values(shape: JsonSchema) -> list[object] | None:
    if "const" in shape:
        return [shape["const"]]
    return cast("list[object] | None", shape.get("enum"))


def _is(shape: JsonSchema, *types: str) -> bool:
    named = shape.get("type")
    if named is None:
        return "properties" not in shape
    return any(each in types for each in ([named] if isinstance(named, str) else named))  # type: ignore[attr-defined]
