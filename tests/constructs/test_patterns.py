"""check_pattern: finds the pattern that no document of a schema could match."""

from contextlib import nullcontext

import pytest

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
        {"topics": [{"exists": False}], "done": [{"exists": False}]},
        {"origin": {"source": [{"exists": False}]}, "nowhere": {"x": [{"exists": False}]}},
        {"count": [{"numeric": ["=", 1]}]},
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
        ({"origin": [{"exists": True}]}, "detail.origin"),
        ({"version": [True]}, "detail.version"),
        ({"count": [0]}, "detail.count"),
        ({"count": [{"numeric": ["<", 1]}]}, "detail.count"),
        ({"count": [1.5]}, "detail.count"),
        ({"nowhere": {"nested": ["x"]}}, "detail.nowhere"),
        ({"labels": {"sector": [1]}}, "detail.labels.sector"),
        ({"$or": [{"ticker": ["A"]}, {"kind": ["x"]}]}, "detail.kind"),
    ],
)
def test_a_pattern_that_no_document_matches_is_refused(pattern: Pattern, where: str) -> None:
    with pytest.raises(ConstructError, match=where.replace(".", r"\.") + ":"):
        check_pattern(SCHEMA, pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ({"ticker": "AAPL"}, "detail.ticker: give a list of what matches, not 'AAPL'"),
        ({"$or": {}}, "detail.$or: give a list of what matches"),
        ({"ticker": [{"like": "A"}]}, "no operator 'like'"),
        ({"ticker": [{"prefix": "A", "suffix": "B"}]}, "one operator at a time"),
        ({"count": [{"numeric": [">"]}]}, "compares by pairs"),
        ({"count": [{"numeric": ["~", 1]}]}, "compares by pairs"),
        ({"count": [{"numeric": [">", "1"]}]}, "compares by pairs"),
        ({"count": [{"numeric": ">"}]}, "compares by pairs"),
    ],
)
def test_what_eventbridge_could_not_read_is_refused(pattern: Pattern, why: str) -> None:
    with pytest.raises(ConstructError) as refused:
        check_pattern(SCHEMA, pattern)

    assert why in str(refused.value)


def test_a_schema_with_a_dangling_reference_is_refused() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/Nothing"}}}

    with pytest.raises(ConstructError, match="refers to #/\\$defs/Nothing"):
        check_pattern(schema, {"a": ["x"]})


def test_a_part_of_a_schema_may_be_the_schema_itself() -> None:
    tree: JsonSchema = {"properties": {"name": {"type": "string"}, "child": {"$ref": "#"}}}

    check_pattern(tree, {"child": {"child": {"name": ["x"]}}})
    with pytest.raises(ConstructError, match=r"detail\.child\.child\.nmae"):
        check_pattern(tree, {"child": {"child": {"nmae": ["x"]}}})


def test_fields_of_different_kinds_of_events_are_not_asked_for_at_once() -> None:
    kinds: JsonSchema = {
        "oneOf": [
            {"properties": {"kind": {"const": "card"}, "number": {"type": "string"}}},
            {"properties": {"kind": {"const": "cash"}, "till": {"type": "integer"}}},
        ]
    }

    check_pattern(kinds, {"kind": ["card", "cash"]})
    check_pattern(kinds, {"kind": ["cash"], "till": [3]})
    with pytest.raises(ConstructError, match="no document has all of this at once"):
        check_pattern(kinds, {"number": ["1"], "till": [3]})


WHOLE: JsonSchema = {"type": "integer", "minimum": 0, "maximum": 9}


@pytest.mark.parametrize(
    ("others", "wanted", "passes"),
    [
        ({"type": "number", "minimum": 2}, 1, False),
        ({"type": "number", "minimum": 2, "maximum": 3}, {"numeric": [">", 2]}, True),
        ({"type": "number", "maximum": 3}, {"numeric": [">", 3]}, False),
        ({"type": "string"}, {"exists": True}, False),
        ({"anyOf": [{"type": "string"}, {"enum": [4, 11]}]}, 4, True),
        ({"anyOf": [{"type": "string"}, {"enum": [4, 11]}]}, 11, False),
    ],
)
def test_what_is_said_twice_of_a_field_holds_twice(
    others: JsonSchema, wanted: object, *, passes: bool
) -> None:
    once: JsonSchema = {"properties": {"field": WHOLE}, "required": ["field"]}
    again: JsonSchema = {"properties": {"field": others, "more": WHOLE}, "required": ["more"]}
    schema: JsonSchema = {"allOf": [once, again]}

    with nullcontext() if passes else pytest.raises(ConstructError, match=r"detail\.field"):
        check_pattern(schema, {"field": [wanted], "more": [{"exists": True}]})
    with pytest.raises(ConstructError, match=r"detail\.more"):
        check_pattern(schema, {"more": [{"exists": False}]})


def test_choices_that_are_given_twice_are_those_in_both() -> None:
    field: JsonSchema = {"allOf": [{"enum": ["a", "b", 1]}, {"enum": ["b", "c", True]}]}

    check_pattern({"properties": {"field": field}}, {"field": ["b"]})
    with pytest.raises(ConstructError, match="matches \\['a', 1, True\\]"):
        check_pattern({"properties": {"field": field}}, {"field": ["a", "b", 1, True]})


@pytest.mark.parametrize(
    ("shape", "wanted", "passes"),
    [
        ({"type": "string", "pattern": "^[A-Z]+$"}, "AAPL", True),
        ({"type": "string", "pattern": "^[A-Z]+$"}, "aapl", False),
        ({"type": "string", "pattern": "\\p{Lu}"}, "aapl", True),
        ({"type": "string", "maxLength": 2}, {"prefix": "abc"}, False),
        ({"type": "string", "maxLength": 2}, {"wildcard": "a*b*"}, True),
        ({"type": "string", "minLength": 2}, {"equals-ignore-case": "a"}, False),
        ({"type": "string"}, {"cidr": "10.0.0.0/8"}, True),
        ({"enum": ["10.1.1.1"]}, {"cidr": "10.0.0.0/8"}, True),
        ({"type": "string", "maxLength": 1}, {"prefix": {"equals-ignore-case": "ab"}}, True),
        ({"enum": ["Ab"]}, {"prefix": {"equals-ignore-case": "aB"}}, True),
        ({"enum": ["ab", "cd"]}, {"anything-but": {"prefix": ["a", "c"]}}, False),
        ({"type": "integer"}, 2.0, True),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, False),
        (
            {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
            {"exists": True},
            False,
        ),
        ({"type": ["null", "boolean"]}, {"anything-but": [None, True, False]}, False),
        ({"type": "object", "properties": {}}, {"exists": True}, False),
        ({}, {"prefix": "a"}, True),
        ({"type": "array"}, {"numeric": [">", 1]}, True),
        (True, 1, True),
        (False, 1, False),
    ],
)
def test_a_value_passes_where_its_shape_allows_it(
    shape: object, wanted: object, *, passes: bool
) -> None:
    schema = {"properties": {"field": shape}, "required": ["field"]}

    with nullcontext() if passes else pytest.raises(ConstructError, match=r"detail\.field"):
        check_pattern(schema, {"field": [wanted]})
