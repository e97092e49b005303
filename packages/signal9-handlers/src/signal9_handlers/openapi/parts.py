"""Answers of which `fields` left a part: the same models, with nothing required in their items.

Both are described: who does not use `fields` can rely on every field.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from ..api.fields import Selected
from ..api.operation import Operation

__all__ = ["PART", "add_parts", "can_be_part"]

PART: Final = "Part"
"""What the name of such a model ends with."""

_AS_COLUMNS: Final = {"BarRow": "PriceColumns"}

Schemas = dict[str, Any]


def can_be_part(operation: Operation) -> bool:
    """Tell whether an operation has a parameter `fields`."""
    return any(_selected(operation))


def add_parts(schemas: Schemas, operations: Collection[Operation]) -> None:
    """Add the models that describe parts of answers."""
    whole = dict(schemas)
    for each in operations:
        chosen = set(_selected(each))
        if each.answer is not None and chosen:
            chosen |= {_AS_COLUMNS[name] for name in chosen & _AS_COLUMNS.keys()}
            _add(schemas, whole, each.answer.__name__, chosen)


def _selected(operation: Operation) -> Iterator[str]:
    for each in operation.parameters:
        for one in getattr(each.type, "__metadata__", ()):
            if isinstance(one, Selected):
                yield one.model.__name__


def _add(schemas: Schemas, whole: Mapping[str, Any], root: str, chosen: set[str]) -> bool:
    """Add a model's part if anything within it was chosen; tell whether that is so."""
    inner = {name for name in whole if _reference(name) in json.dumps(whole[root])} - {root}
    parts = [name for name in inner if name in chosen or _add(schemas, whole, name, chosen)]
    if root not in chosen and not parts:
        return False
    text = json.dumps(whole[root])
    for name in parts:
        text = text.replace(_reference(name), _reference(name + PART))
        _add(schemas, whole, name, chosen)
    part: dict[str, Any] = json.loads(text)
    if root in chosen:
        del part["required"]
    schemas[root + PART] = part
    return True


def _reference(name: str) -> str:
    return f'"#/components/schemas/{name}"'
