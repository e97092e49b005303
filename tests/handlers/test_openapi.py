"""The OpenAPI document: complete, and true of what is served."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest

from signal9_core.bootstrap import App
from signal9_handlers.api.problems import Problem
from signal9_handlers.openapi import document
from signal9_handlers.routes import OPERATIONS
from tests.architecture.project import ROOT
from tests.fuzz.__main__ import fuzz

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def spec() -> Schema:
    content: Schema = json.loads(document())
    return content


def operations(spec: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_route_is_documented(spec: Schema) -> None:
    documented = {(path, method.upper()) for path, method, _ in operations(spec)}

    assert documented == {(operation.path, operation.method) for operation in OPERATIONS}


def test_every_reference_resolves_and_no_schema_is_unused(spec: Schema) -> None:
    text = json.dumps(spec)
    for kind in ("schemas", "responses", "headers"):
        names = set(re.findall(rf'"#/components/{kind}/([^"]+)"', text))
        assert names <= set(spec["components"][kind])
    assert set(re.findall(r"/schemas/([^\"]+)", text)) == set(spec["components"]["schemas"])


def test_every_operation_is_described_with_its_parameters_and_responses(spec: Schema) -> None:
    tags = {tag["name"] for tag in spec["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations(spec)]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations(spec):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        names = {parameter["name"]: parameter["in"] for parameter in operation["parameters"]}
        in_path = {name for name, place in names.items() if place == "path"}
        statuses = set(operation["responses"])
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert statuses & {"200", "204"}
        assert {"400", "405", "414", "422", "429", "500", "502", "503", "504"} <= statuses
        assert ({"401", "403"} <= statuses) == bool(operation["security"])
        assert ("404" in statuses) == bool({*in_path, "ticker"} & names.keys())
        assert ("412" in statuses) == ("If-Match" in names)
        assert ("415" in statuses) == ("requestBody" in operation)
        assert ("304" in statuses) == (method == "get")


def test_every_parameter_says_what_it_is_for_and_which_values_it_takes(spec: Schema) -> None:
    for _, _, operation in operations(spec):
        for parameter in operation["parameters"]:
            assert parameter["description"]
            assert "type" in parameter["schema"]
            assert "null" not in json.dumps(parameter["schema"])


def test_problems_are_documented_with_an_example(spec: Schema) -> None:
    for status, response in spec["components"]["responses"].items():
        assert response["description"]
        assert list(response["content"]) == ["application/problem+json"]
        example = response["content"]["application/problem+json"]["example"]
        assert Problem.model_validate(example).status == int(status)


def test_figures_are_documented_as_numbers(spec: Schema) -> None:
    schemas = spec["components"]["schemas"]

    for model, field in (("PriceFigures", "close"), ("PriceRange", "low"), ("BarRow", "close")):
        assert schemas[model]["properties"][field]["type"] == "number"


def test_the_documented_parameters_are_the_accepted_ones(
    spec: Schema, client: httpx2.Client
) -> None:
    for path, method, operation in operations(spec):
        if method == "get":
            known = sorted(
                item["name"] for item in operation["parameters"] if item["in"] == "query"
            )
            errors = client.get(f"{path.replace('{ticker}', 'AAPL')}?x=1").json()["errors"]
            assert errors[0]["message"].endswith(", ".join(known) if known else "none")


def test_every_answer_and_body_has_a_valid_example(spec: Schema) -> None:
    for _, _, operation in operations(spec):
        answer, body = operation["responses"].get("200"), operation.get("requestBody")
        for described in (answer, body):
            if described is not None:
                content = described["content"]["application/json"]
                schema = {**content["schema"], "components": spec["components"]}
                jsonschema.Draft202012Validator(schema).validate(content["example"])


def test_the_served_and_the_written_document_are_this_one(
    client: httpx2.Client, spec: Schema
) -> None:
    written = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))

    assert client.get("/openapi.json").json() == spec
    assert written == spec, "hatch run dev:openapi writes it"


def test_api_gateway_validates_the_documented_bodies(spec: Schema) -> None:
    bodies = {
        (operation.path, operation.method.lower()): operation.body
        for operation in OPERATIONS
        if operation.body
    }

    assert set(bodies) == {
        (path, method) for path, method, operation in operations(spec) if "requestBody" in operation
    }
    for model in (body.model_json_schema() for body in bodies.values()):
        jsonschema.Draft202012Validator.check_schema(model)
        assert model["additionalProperties"] is False


def test_generated_requests_are_answered_as_documented(app: App) -> None:
    """`hatch run dev:fuzz` sends many more."""
    assert fuzz(1) == 0
