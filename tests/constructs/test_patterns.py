"""check_pattern: finds the pattern that no document of a schema could match."""

from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_constructs import ConstructError
from signal9_constructs.patterns import JsonSchema, Pattern, check_pattern

SCHEMA: JsonSchema = {
    "type": "object",
    "required": ["ticker"],
    "additionalProperties": False,
    "properties": {
        "ticker": {"type": "string"},
        "kind": {"enum": ["prices", "news"]},
        "version": {"const": 2},
        "count": {"type": "integer", "minimum": 1},
        "score": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "done": {"type": "boolean"},
        "topics": {"type": "array", "items": {"type": "string"}},
        "origin": {"$ref": "#/$defs/Origin"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "extra": {"type": "object", "additionalProperties": True},
    },
    "$defs": {"Origin": {"type": "object", "properties": {"source": {"type": "string"}}}},
}


@pytest.mark.parametrize(
    "pattern",
    [
        {"ticker": ["AAPL", {"prefix": "BRK"}]},
        {"kind": [{"anything-but": "prices"}]},
        {"kind": [{"prefix": "ne"}, {"suffix": "ces"}, {"equals-ignore-case": "NEWS"}]},
        {"kind": [{"wildcard": "n*"}]},
        {"version": [2]},
        {"count": [3, {"numeric": [">", 0, "<=", 5]}]},
        {"score": [None, {"numeric": ["<", -0.5]}]},
        {"done": [True], "topics": ["earnings"]},
        {"origin": {"source": ["alpaca"]}},
        {"labels": {"sector": ["tech"]}, "extra": {"any": [1]}},
        {"kind": [{"exists": False}], "ticker": [{"exists": True}]},
        {"colour": [{"exists": False}]},
        {"$or": [{"ticker": ["A"]}, {"kind": ["news"]}]},
    ],
)
def test_a_pattern_that_some_document_matches_passes(pattern: Pattern) -> None:
    check_pattern(SCHEMA, pattern)


@pytest.mark.parametrize(
    ("pattern", "where"),
    [
        ({"tikcer": ["AAPL"]}, "detail.tikcer"),
        ({"ticker": [5]}, "detail.ticker"),
        ({"ticker": []}, "detail.ticker"),
        ({"ticker": [{"exists": False}]}, "detail.ticker"),
        ({"ticker": [{"numeric": [">", 1]}]}, "detail.ticker"),
        ({"kind": ["dividends"]}, "detail.kind"),
        ({"kind": [{"prefix": "x"}]}, "detail.kind"),
        ({"kind": [{"suffix": "x"}]}, "detail.kind"),
        ({"kind": [{"equals-ignore-case": "x"}]}, "detail.kind"),
        ({"kind": [{"anything-but": ["prices", "news"]}]}, "detail.kind"),
        ({"version": [1]}, "detail.version"),
        ({"count": ["3"]}, "detail.count"),
        ({"count": [{"numeric": ["<", 0]}]}, "detail.count"),
        ({"score": [True]}, "detail.score"),
        ({"topics": [1]}, "detail.topics"),
        ({"origin": {"sauce": ["alpaca"]}}, "detail.origin.sauce"),
        ({"kind": {"nested": ["x"]}}, "detail.kind.nested"),
        ({"nowhere": {"nested": ["x"]}}, "detail.nowhere"),
        ({"labels": {"sector": [1]}}, "detail.labels.sector"),
        ({"$or": [{"ticker": ["A"]}, {"kind": ["x"]}]}, "detail.kind"),
    ],
)
def test_a_pattern_that_no_document_matches_is_refused(pattern: Pattern, where: str) -> None:
    with pytest.raises(ConstructError, match=where.replace(".", r"\.") + ":"):
        check_pattern(SCHEMA, pattern)


def test_an_operator_that_eventbridge_lacks_is_refused() -> None:
    with pytest.raises(ConstructError, match="no operator 'like'"):
        check_pattern(SCHEMA, {"ticker": [{"like": "A"}]})


def test_a_schema_with_a_dangling_reference_is_refused() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/Nothing"}}}

    with pytest.raises(ConstructError, match="refers to #/\\$defs/Nothing"):
        check_pattern(schema, {"a": ["x"]})


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner)
)


def _schema_of(value: object) -> JsonSchema:
    if isinstance(value, dict):
        fields = {name: _schema_of(inner) for name, inner in value.items()}
        return {"type": "object", "properties": fields, "required": list(fields)}
    names = {type(None): "null", bool: "boolean", int: "integer", str: "string"}
    return {"anyOf": [{"type": names[type(value)]}, {"const": "other"}]}


def _pattern_of(value: object) -> Pattern | list[object]:
    if isinstance(value, dict):
        return {name: _pattern_of(inner) for name, inner in value.items()}
    return [value]


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text("xyz", min_size=1, max_size=2), DOCUMENTS, min_size=1))
def test_a_pattern_made_of_a_document_is_never_refused(document: dict[str, object]) -> None:
    schema = _schema_of(document)
    pattern = cast("Pattern", _pattern_of(document))

    check_pattern(schema, pattern)
    with pytest.raises(ConstructError, match="no schema has such a field"):
        check_pattern(schema, {**pattern, "misspelt": [1]})
