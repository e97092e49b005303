"""The OpenAPI document: whole, and true to what is served."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest

from signal9_handlers.api.problems import Problem
from signal9_handlers.openapi import RESOURCES, breaking_changes, document, request_models
from signal9_handlers.routes import ROUTES
from tests.architecture.project import ROOT


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document())
    return found


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in spec["paths"].items():
        yield from ((path, operation) for operation in methods.values())


def test_every_route_is_documented_and_every_documented_path_has_a_route(
    spec: dict[str, Any],
) -> None:
    assert set(spec["paths"]) == {route.path for route in ROUTES}
    for route in ROUTES:
        documented = {method.upper() for method in spec["paths"][route.path]}
        assert documented == set(route.methods) - {"HEAD"}


def test_the_document_has_what_the_specification_asks_for(spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.1.")
    assert spec["info"]["title"]
    assert spec["info"]["version"]
    assert spec["servers"]
    ids = [operation["operationId"] for _, operation in operations(spec)]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere_and_no_schema_is_left_over(spec: dict[str, Any]) -> None:
    names = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(spec))

    assert set(names) == set(spec["components"]["schemas"])


def test_every_operation_is_described_with_its_parameters_and_answers(
    spec: dict[str, Any],
) -> None:
    tags = {tag["name"] for tag in spec["tags"]}
    for path, operation in operations(spec):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        placed = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", path))
        found = set(operation["responses"])
        assert found & {"200", "204"}
        assert {"400", "405", "414", "422", "429", "500", "502", "503", "504"} <= found
        assert ({"401", "403"} <= found) == bool(operation["security"])
        names = {each["name"] for each in operation["parameters"]}
        assert ("404" in found) == bool(names & {"ticker", "id"})
        assert ("412" in found) == ("If-Match" in names)
        assert ("415" in found) == ("requestBody" in operation)


def test_every_parameter_says_what_it_is_for_and_which_values_it_takes(
    spec: dict[str, Any],
) -> None:
    for _, operation in operations(spec):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"]
            assert parameter["schema"].keys() & {"type", "$ref"}
            assert "null" not in json.dumps(parameter["schema"])


def test_failures_are_problem_documents_with_an_example(spec: dict[str, Any]) -> None:
    for _, operation in operations(spec):
        for status, response in operation["responses"].items():
            known = response.get("$ref", "").rpartition("/")[2]
            found = spec["components"]["responses"][known] if known else response
            assert found["description"]
            if status >= "400":
                assert list(found["content"]) == ["application/problem+json"]
                example = found["content"]["application/problem+json"]["example"]
                assert Problem.model_validate(example).status == int(status)


def test_figures_are_documented_as_the_numbers_that_they_are(spec: dict[str, Any]) -> None:
    schemas = spec["components"]["schemas"]

    assert schemas["SentimentRating"]["properties"]["score"]["type"] == "number"
    assert schemas["PriceRange"]["properties"]["low"]["type"] == "number"
    assert schemas["BarRow"]["properties"]["close"]["type"] == "number"


def test_documented_parameters_are_those_that_are_taken(
    spec: dict[str, Any], client: httpx2.Client
) -> None:
    for path, methods in spec["paths"].items():
        if "get" not in methods:
            continue
        known = sorted(
            each["name"] for each in methods["get"]["parameters"] if each["in"] == "query"
        )
        answer = client.get(f"{path.replace('{ticker}', 'AAPL')}?unheard-of=1").json()
        assert answer["errors"][0]["message"].endswith(", ".join(known) if known else "none")


def test_the_served_document_is_this_one(client: httpx2.Client, spec: dict[str, Any]) -> None:
    assert client.get("/openapi.json").json() == spec


def test_every_resource_is_in_the_document(spec: dict[str, Any]) -> None:
    operations = [each for resource in RESOURCES for each in resource.operations]
    answers = {each.answer.__name__ for each in operations if each.answer}

    assert answers <= set(spec["components"]["schemas"])


def test_every_answer_has_an_example_that_is_one(spec: dict[str, Any]) -> None:
    for _, operation in operations(spec):
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        if content is not None:
            _validate(spec, content["schema"], content["example"])


def test_examples_of_bodies_are_bodies(spec: dict[str, Any]) -> None:
    sent = [each["requestBody"] for _, each in operations(spec) if "requestBody" in each]
    shown = [body["content"]["application/json"] for body in sent]

    assert shown
    for each in shown:
        _validate(spec, each["schema"], each["example"])


def _validate(spec: dict[str, Any], schema: dict[str, Any], example: object) -> None:
    whole = {**schema, "components": spec["components"]}
    jsonschema.Draft202012Validator(whole).validate(example)


def test_the_written_document_is_the_one_that_is_served(spec: dict[str, Any]) -> None:
    written = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))

    assert written == spec, "hatch run dev:openapi writes it anew"


def test_what_breaks_since_the_last_release_is_named_in_the_changelog(
    spec: dict[str, Any],
) -> None:
    released = json.loads((ROOT / "docs/openapi.released.json").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert [each for each in breaking_changes(released, spec) if each not in changelog] == []


def test_bodies_are_described_to_api_gateway_as_to_everyone(spec: dict[str, Any]) -> None:
    models = request_models()

    assert set(models) == {
        f"{method.upper()} {path}"
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    for model in models.values():
        jsonschema.Draft202012Validator.check_schema(model)
        assert model["additionalProperties"] is False
