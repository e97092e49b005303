"""Breaking changes are found, and only those."""

from copy import deepcopy
from typing import Any

import pytest

from signal9_handlers.openapi import breaking_changes

PARAMETER = {"name": "limit", "required": False, "schema": {"type": "integer", "maximum": 9}}
OPERATION = {
    "parameters": [
        PARAMETER,
        {"name": "shape", "required": False, "schema": {"type": "string", "enum": ["a", "b"]}},
    ],
    "responses": {"200": {"content": {"application/json": {}, "text/csv": {}}}},
}
DOCUMENT: dict[str, Any] = {
    "paths": {"/things": {"get": OPERATION}},
    "components": {
        "schemas": {
            "Thing": {
                "properties": {
                    "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "size": {"type": "number"},
                }
            },
            "ThingPut": {"properties": {"name": {"type": "string"}}, "required": []},
        }
    },
}


@pytest.fixture
def newer() -> dict[str, Any]:
    return deepcopy(DOCUMENT)


def test_a_document_breaks_nothing_of_itself(newer: dict[str, Any]) -> None:
    assert breaking_changes(DOCUMENT, newer) == []


def test_what_is_added_breaks_nothing(newer: dict[str, Any]) -> None:
    get = newer["paths"]["/things"]["get"]
    get["parameters"].append({"name": "more", "required": False, "schema": {"type": "string"}})
    get["parameters"][0]["schema"]["maximum"] = 99
    get["parameters"][1]["schema"]["enum"].append("c")
    newer["paths"]["/others"] = {"get": OPERATION}
    newer["components"]["schemas"]["Thing"]["properties"]["age"] = {"type": "number"}
    newer["components"]["schemas"]["Thing"]["properties"]["name"] = {"type": "string"}

    assert breaking_changes(DOCUMENT, newer) == []


def test_what_is_taken_away_is_named(newer: dict[str, Any]) -> None:
    get = newer["paths"]["/things"]["get"]
    get["parameters"].pop()
    get["responses"]["200"]["content"].pop("text/csv")
    del newer["components"]["schemas"]["Thing"]["properties"]["name"]

    assert breaking_changes(DOCUMENT, newer) == [
        "GET /things: parameter shape is gone",
        "GET /things: answer 200 no longer comes as text/csv",
        "Thing.name is gone",
    ]
    assert breaking_changes(DOCUMENT, {**newer, "paths": {}})[0] == "GET /things is gone"


def test_what_becomes_narrower_is_named(newer: dict[str, Any]) -> None:
    limit, shape = newer["paths"]["/things"]["get"]["parameters"]
    limit["schema"]["maximum"] = 5
    limit["required"] = True
    shape["schema"]["enum"] = ["a"]
    newer["components"]["schemas"]["Thing"]["properties"]["size"] = {
        "anyOf": [{"type": "number"}, {"type": "null"}]
    }
    newer["components"]["schemas"]["ThingPut"]["required"] = ["name"]

    assert breaking_changes(DOCUMENT, newer) == [
        "GET /things: parameter limit is required",
        "GET /things: parameter limit has a tighter maximum",
        "GET /things: parameter shape no longer takes b",
        "Thing.size may be of another type",
        "ThingPut.name is required",
    ]


def test_a_new_parameter_that_is_required_and_a_lost_answer_are_named(
    newer: dict[str, Any],
) -> None:
    get = newer["paths"]["/things"]["get"]
    get["parameters"].append({"name": "key", "required": True, "schema": {"type": "string"}})
    get["parameters"][0]["schema"] = {"type": "string"}
    get["responses"] = {}

    assert breaking_changes(DOCUMENT, newer) == [
        "GET /things: parameter limit was integer and is string",
        "GET /things: parameter key is new and required",
        "GET /things: answer 200 is gone",
    ]
