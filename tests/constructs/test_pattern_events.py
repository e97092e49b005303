"""check_pattern against events: it lets through what some event matches, and nothing else.

Schemas are small enough for all events that matter to be listed, and a plain matcher says which
patterns match one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from signal9_constructs import ConstructError
from signal9_constructs.patterns import check_pattern
from tests.constructs.eventbridge import matches, parts

NAMES = st.sampled_from("xyz")
TEXTS = ["", "a", "b", "aa", "ab", "ba", "bb"]
HALVES = [half // 2 if half % 2 == 0 else half / 2 for half in range(-2, 9)]
ABSENT = object()


class Kind(NamedTuple):
    """A schema, and each of its values that a pattern could tell from the others."""

    schema: dict[str, object]
    values: Sequence[object]


def _within(kind: str, values: Sequence[object], schema: dict[str, object]) -> Kind:
    whole = {"type": kind, **schema}
    valid = Draft202012Validator(whole).is_valid
    return Kind(whole, [value for value in values if valid(value)])


def _bounds(*names: str, most: int) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(names), st.integers(0, most), max_size=2)


NUMBERS = _bounds("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", most=3)
SCALARS = st.one_of(
    st.lists(
        st.sampled_from([*TEXTS[:5], 0, 1, 2.5, True, False, None]),
        unique_by=repr,
        min_size=1,
        max_size=3,
    ).map(lambda values: Kind({"enum": values}, values)),
    st.sampled_from(["a", 1, True]).map(lambda value: Kind({"const": value}, [value])),
    st.just(Kind({"type": "boolean"}, [True, False])),
    st.just(Kind({"type": "null"}, [None])),
    _bounds("minLength", "maxLength", most=2).map(lambda b: _within("string", [*TEXTS], b)),
    NUMBERS.map(lambda bounds: _within("integer", [*range(-1, 5)], bounds)),
    NUMBERS.map(lambda bounds: _within("number", [*HALVES], bounds)),
)


def _array(kind: Kind, least: int) -> Kind:
    nothing: list[list[object]] = [] if least else [[]]
    schema = {"type": "array", "items": kind.schema, "minItems": least}
    return Kind(schema, [*nothing, *([value] for value in kind.values)])


def _either(kinds: list[Kind]) -> Kind:
    values = [value for kind in kinds for value in kind.values]
    return Kind({"anyOf": [kind.schema for kind in kinds]}, values)


def _narrowed(kind: Kind, other: Kind) -> Kind:
    schema: dict[str, object] = {"allOf": [kind.schema, other.schema]}
    valid = Draft202012Validator(schema).is_valid
    return Kind(schema, [value for value in [*kind.values, *other.values] if valid(value)])


def _object(fields: dict[str, tuple[Kind, bool]]) -> Kind:
    schema = {
        "type": "object",
        "properties": {name: kind.schema for name, (kind, _) in fields.items()},
        "required": [name for name, (_, required) in fields.items() if required],
        "additionalProperties": False,
    }
    choices = [
        kind.values if required else [ABSENT, *kind.values] for kind, required in fields.values()
    ]
    return Kind(schema, [_present(fields, chosen) for chosen in product(*choices)])


def _present(fields: Mapping[str, object], chosen: tuple[object, ...]) -> object:
    pairs = zip(fields, chosen, strict=True)
    return {name: value for name, value in pairs if value is not ABSENT}


def _objects(inner: st.SearchStrategy[Kind], most: int) -> st.SearchStrategy[Kind]:
    fields = st.dictionaries(NAMES, st.tuples(inner, st.booleans()), min_size=1, max_size=most)
    return fields.map(_object)


FIELDS = st.one_of(
    SCALARS,
    st.builds(_array, SCALARS, st.integers(0, 1)),
    st.builds(_narrowed, SCALARS, SCALARS),
    st.lists(SCALARS, min_size=2, max_size=2).map(_either),
).filter(lambda kind: bool(kind.values))
NESTED = _objects(FIELDS, 2)
DETAILS = st.one_of(
    _objects(FIELDS, 3),
    _objects(st.one_of(FIELDS, NESTED, st.builds(_array, NESTED, st.just(0))), 2),
    st.lists(_objects(FIELDS, 2), min_size=2, max_size=2).map(_either),
)

COMPARED = st.tuples(st.sampled_from(["<", "<=", "=", ">", ">="]), st.integers(0, 3))
PLAIN = st.sampled_from([*TEXTS[1:5], 0, 1, 2, 2.5, True, False, None])
TEXT = st.sampled_from(["a", "b", "ab"])
CHOICES = st.one_of(
    PLAIN,
    st.booleans().map(lambda there: {"exists": there}),
    TEXT.map(lambda text: {"prefix": text}),
    TEXT.map(lambda text: {"suffix": text}),
    TEXT.map(lambda text: {"equals-ignore-case": text.upper()}),
    st.sampled_from(["a*", "*b", "a*b"]).map(lambda text: {"wildcard": text}),
    st.lists(PLAIN, min_size=1, max_size=3).map(lambda plain: {"anything-but": plain}),
    TEXT.map(lambda text: {"anything-but": {"prefix": text}}),
    st.lists(COMPARED, min_size=1, max_size=2).map(
        lambda pairs: {"numeric": [each for pair in pairs for each in pair]}
    ),
)
LEAVES = st.one_of([st.lists(CHOICES, min_size=1, max_size=n) for n in (1, 2)])
FLAT = st.one_of([st.dictionaries(NAMES, LEAVES, min_size=1, max_size=n) for n in (1, 2)])
ALTERNATIVES = st.lists(FLAT, min_size=2, max_size=2).map(lambda choices: {"$or": choices})
PATTERNS = st.one_of(
    FLAT, ALTERNATIVES, st.dictionaries(NAMES, st.one_of(LEAVES, FLAT), min_size=1, max_size=2)
)


def _is_refused(schema: Mapping[str, object], pattern: Mapping[str, object]) -> bool:
    try:
        check_pattern(schema, pattern)
    except ConstructError:
        return True
    return False


def _in_vain(pattern: Mapping[str, object], events: Sequence[object]) -> Iterator[object]:
    for part in (pattern, *parts(pattern)):
        if not any(matches(part, event) for event in events if isinstance(event, Mapping)):
            yield part


@settings(deadline=None, max_examples=150)
@given(DETAILS, PATTERNS, st.booleans())
def test_a_pattern_is_refused_if_and_only_if_a_part_of_it_matches_no_valid_event(
    detail: Kind, pattern: dict[str, object], referred: bool
) -> None:
    schema = {"$ref": "#/$defs/It", "$defs": {"It": detail.schema}} if referred else detail.schema
    validator = Draft202012Validator(schema)
    assert all(validator.is_valid(event) for event in detail.values[::50])

    assert _is_refused(schema, pattern) == bool([*_in_vain(pattern, detail.values)])


@settings(deadline=None, max_examples=50)
@given(st.data(), DETAILS)
def test_a_pattern_made_of_a_valid_event_is_never_refused(
    data: st.DataObject, detail: Kind
) -> None:
    if detail.values:
        check_pattern(detail.schema, _made_of(data.draw(st.sampled_from(detail.values))))


def _made_of(event: object) -> dict[str, object]:
    assert isinstance(event, dict)
    return {name: _wanted(value) for name, value in event.items()}


def _wanted(value: object) -> object:
    if isinstance(value, dict):
        return _made_of(value)
    if isinstance(value, list):
        return _wanted(value[0]) if value else [{"exists": False}]
    return [value]
