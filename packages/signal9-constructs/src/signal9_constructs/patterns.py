"""Says whether an event pattern could match any document of a JSON Schema.

A pattern that matches nothing is not an error for EventBridge: the rule is simply silent. So a
misspelt field, a value outside an enumeration or an operator for another type is found here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

from .errors import ConstructError
from .operators import possible
from .schemas import JsonSchema, Shapes, is_leaf, is_object

__all__ = ["JsonSchema", "Pattern", "check_pattern"]

Pattern: TypeAlias = Mapping[str, object]

_OR: Final = "$or"
_ABSENT: Final = {"exists": False}
_NOTHING: Final[JsonSchema] = {"type": "object", "additionalProperties": False}


def check_pattern(schema: JsonSchema, pattern: Pattern) -> None:
    """Raise where `pattern` asks for something that no document of `schema` has.

    Each of several choices has to be possible: one that is not is a mistake as well.
    """
    checker = _Checker(Shapes(schema))
    documents = [shape for shape in Shapes(schema).of(schema) if is_object(shape)]
    for problem in checker.problems(documents, pattern, "detail"):
        raise ConstructError(problem)


class _Checker:
    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def problems(self, objects: Sequence[JsonSchema], pattern: Pattern, path: str) -> Iterator[str]:
        """Yield what is wrong with each part of a pattern, then with all of it together."""
        for name, wanted in pattern.items():
            where = f"{path}.{name}"
            if name == _OR:
                for choice in _choices(wanted, where):
                    yield from self.problems(objects, cast("Pattern", choice), path)
            elif isinstance(wanted, Mapping):
                yield from self._problems_within(objects, name, wanted, where)
            else:
                yield from self._problems_of(objects, name, _choices(wanted, where), where)
        if not any(self._fits(shape, pattern) for shape in objects):
            yield f"{path}: no document has all of this at once: {[*pattern]}"

    def _problems_within(
        self, objects: Sequence[JsonSchema], name: str, wanted: Pattern, where: str
    ) -> Iterator[str]:
        inner = [each for shape in objects for each in self._objects(shape, name)]
        for problem in self.problems(inner, wanted, where):
            yield problem if self._is_known(objects, name) else _unknown(where)

    def _problems_of(
        self, objects: Sequence[JsonSchema], name: str, wanted: Sequence[object], where: str
    ) -> Iterator[str]:
        impossible = [
            each
            for each in wanted
            if not any(self._is_possible(shape, name, each) for shape in objects)
        ]
        if impossible and not self._is_known(objects, name):
            yield _unknown(where)
        elif impossible:
            yield f"{where}: nothing that a schema allows matches {impossible}"

    def _fits(self, shape: JsonSchema, pattern: Pattern) -> bool:
        """Tell whether some object of one shape matches all of a pattern."""
        return all(self._fits_field(shape, name, wanted) for name, wanted in pattern.items())

    def _fits_field(self, shape: JsonSchema, name: str, wanted: object) -> bool:
        if isinstance(wanted, Mapping):
            return any(self._fits(each, wanted) for each in self._objects(shape, name))
        choices = cast("Sequence[object]", wanted)
        if name == _OR:
            return any(self._fits(shape, cast("Pattern", each)) for each in choices)
        return any(self._is_possible(shape, name, each) for each in choices)

    def _is_possible(self, shape: JsonSchema, name: str, wanted: object) -> bool:
        found = list(self._shapes.field(shape, name))
        if wanted == _ABSENT:
            return any(each is None or not is_leaf(each) for each in found)
        return any(possible(each, wanted) for each in found if each is not None and is_leaf(each))

    def _objects(self, shape: JsonSchema, name: str) -> Iterator[JsonSchema]:
        """Yield the objects that a field may be, and one without fields if it may be none."""
        for each in self._shapes.field(shape, name):
            yield each if each is not None and is_object(each) else _NOTHING

    def _is_known(self, objects: Iterable[JsonSchema], name: str) -> bool:
        found = (each for shape in objects for each in self._shapes.field(shape, name))
        return any(each is not None for each in found)


def _choices(wanted: object, where: str) -> Sequence[object]:
    if not isinstance(wanted, list | tuple) or not wanted:
        raise ConstructError(f"{where}: give a list of what matches, not {wanted!r}")
    return wanted


def _unknown(where: str) -> str:
    return f"{where}: no schema has such a field"
