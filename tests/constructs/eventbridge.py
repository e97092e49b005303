"""Matches events as EventBridge's documentation says, as plainly as can be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import Final, cast

__all__ = ["matches", "parts"]

_SIGNS: Final = {"<": lt, "<=": le, "=": eq, ">": gt, ">=": ge}


def matches(pattern: Mapping[str, object], event: Mapping[str, object]) -> bool:
    """Tell whether every field of the pattern is matched; an array is any of its items."""
    return all(_is_matched(name, wanted, event) for name, wanted in pattern.items())


def parts(pattern: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield what is left of a pattern when only one of its choices stays, for each choice."""
    for name, wanted in pattern.items():
        if isinstance(wanted, Mapping):
            yield {name: wanted}
            yield from ({name: part} for part in parts(wanted))
        elif name == "$or":
            choices = cast("Sequence[Mapping[str, object]]", wanted)
            yield from choices
            yield from (part for choice in choices for part in parts(choice))
        else:
            yield from ({name: [choice]} for choice in cast("Sequence[object]", wanted))


def _is_matched(name: str, wanted: object, event: Mapping[str, object]) -> bool:
    there = list(_items(event[name])) if name in event else []
    if isinstance(wanted, Mapping):
        inner = [each if isinstance(each, Mapping) else {} for each in there] or [{}]
        return any(matches(wanted, each) for each in inner)
    choices = cast("Sequence[Mapping[str, object]]", wanted)
    if name == "$or":
        return any(matches(choice, event) for choice in choices)
    leaves = [each for each in there if not isinstance(each, Mapping)]
    return any(
        not leaves if choice == {"exists": False} else any(_is_one(leaf, choice) for leaf in leaves)
        for choice in choices
    )


def _items(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for each in value:
            yield from _items(each)
    else:
        yield value


def _is_one(value: object, choice: object) -> bool:
    if not isinstance(choice, Mapping):
        return type(value) is type(choice) and value == choice
    ((operator, operand),) = choice.items()
    if operator == "anything-but":
        unwanted = operand if isinstance(operand, list) else [operand]
        return not any(_is_one(value, each) for each in unwanted)
    if operator == "numeric":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        pairs = zip(operand[::2], operand[1::2], strict=True)
        return number and all(_SIGNS[sign](cast("float", value), bound) for sign, bound in pairs)
    return operator == "exists" or (isinstance(value, str) and _reads(value, operator, operand))


def _reads(value: str, operator: str, operand: str) -> bool:
    written = {
        "prefix": f"{re.escape(operand)}.*",
        "suffix": f".*{re.escape(operand)}",
        "equals-ignore-case": f"(?i:{re.escape(operand)})",
        "wildcard": re.escape(operand).replace(r"\*", ".*"),
    }
    return re.fullmatch(written[operator], value) is not None
