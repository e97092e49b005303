"""What one value of an event pattern matches: a plain value, or an operator of EventBridge's."""

import re
from collections.abc import Mapping
from math import inf
from typing import Final, cast

from .errors import ConstructError
from .ranges import NumberRange, compares
from .schemas import JsonSchema, same

__all__ = ["possible"]

_TEXTS: Final = ("prefix", "suffix", "equals-ignore-case", "wildcard", "cidr")
_OPERATORS: Final = ("exists", "anything-but", "numeric", *_TEXTS)
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "string": (str,),
}
_FEW: Final = 100


def possible(shape: JsonSchema, wanted: object) -> bool:
    """Tell whether some value of `shape` matches `wanted`; where that is hard to say, it does."""
    if not isinstance(wanted, Mapping):
        return _allows(shape, wanted)
    operator, operand = _operator(wanted)
    values = _values(shape)
    if values is not None:
        return any(_matches(value, operator, operand) for value in values)
    if operator == "numeric":
        numbers = NumberRange.of(shape).narrowed(operand)
        return _may_be(shape, "number", "integer") and not numbers.is_empty
    if operator in _TEXTS:
        return _may_be(shape, "string") and _fits_in(shape, operator, operand)
    return True


def _operator(wanted: Mapping[str, object]) -> tuple[str, object]:
    if len(wanted) != 1:
        raise ConstructError(f"EventBridge takes one operator at a time, not {dict(wanted)}")
    ((name, operand),) = wanted.items()
    if name not in _OPERATORS:
        raise ConstructError(f"EventBridge knows no operator {name!r}")
    return name, operand


def _may_be(shape: JsonSchema, *types: str) -> bool:
    return shape.get("type", types[0]) in types


def _values(shape: JsonSchema) -> list[object] | None:
    """Return all values of a shape, or `None` where there are too many."""
    if "enum" in shape:
        rest = {key: value for key, value in shape.items() if key != "enum"}
        return [each for each in cast("list[object]", shape["enum"]) if _allows(rest, each)]
    kind = shape.get("type")
    if kind == "boolean":
        return [True, False]
    if kind == "null":
        return [None]
    low, high = NumberRange.of(shape).ends
    if kind == "integer" and high - low < _FEW:
        return [*range(int(low), int(high) + 1)]
    return None


def _allows(shape: JsonSchema, value: object) -> bool:
    """Tell whether a plain value has this shape."""
    choices = cast("list[object]", shape.get("enum", [value]))
    if not any(same(value, choice) for choice in choices):
        return False
    if "type" in shape and not _is_a(value, str(shape["type"])):
        return False
    if isinstance(value, str):
        low, high = _lengths(shape)
        return low <= len(value) <= high and _written(value, shape.get("pattern"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return value in NumberRange.of(shape)


def _is_a(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, ()))


def _written(value: str, expression: object) -> bool:
    try:
        return expression is None or re.search(str(expression), value) is not None
    except re.error:
        return True  # another dialect than Python's


def _lengths(shape: JsonSchema) -> tuple[float, float]:
    return cast("float", shape.get("minLength", 0)), cast("float", shape.get("maxLength", inf))


def _fits_in(shape: JsonSchema, operator: str, operand: object) -> bool:
    low, high = _lengths(shape)
    if not isinstance(operand, str) or operator == "cidr":
        return True
    if operator == "equals-ignore-case":
        return low <= len(operand) <= high
    return len(operand.replace("*", "") if operator == "wildcard" else operand) <= high


def _matches(value: object, operator: str, operand: object) -> bool:
    """Tell whether one value matches an operator."""
    if operator == "exists":
        return True
    if operator == "anything-but":
        return not _is_unwanted(value, operand)
    if operator == "numeric":
        return compares(value, operand)
    return isinstance(value, str) and _reads(value, operator, operand)


def _is_unwanted(value: object, operand: object) -> bool:
    if isinstance(operand, Mapping):
        return _matches(value, *_operator(operand))
    return any(same(value, each) for each in (operand if isinstance(operand, list) else [operand]))


def _reads(value: str, operator: str, operand: object) -> bool:
    if isinstance(operand, list):
        return any(_reads(value, operator, each) for each in operand)
    if isinstance(operand, Mapping):
        ignored = str(operand.get("equals-ignore-case", "")).lower()
        return _reads(value.lower(), operator, ignored)
    text = str(operand)
    if operator == "equals-ignore-case":
        return value.lower() == text.lower()
    if operator == "wildcard":
        parts = map(re.escape, text.split("*"))
        return re.fullmatch(".*".join(parts), value, re.DOTALL) is not None
    if operator == "cidr":
        return True
    return value.startswith(text) if operator == "prefix" else value.endswith(text)
