"""All constructs in one system: connected, checked, and acknowledged in one line."""

from collections.abc import Mapping

import pytest
from aws_cdk.assertions import Template

from signal9_constructs import known_findings
from tests.constructs.lab import actions
from tests.constructs.shop import Shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def test_everything_that_is_found_is_known_and_can_be_accepted_in_one_line(shop: Shop) -> None:
    found = {finding.id for finding in shop.stage.verdict().open}
    shop.stage.acknowledge(*known_findings(shop.stage))

    verdict = shop.stage.verdict()

    assert found
    assert [(finding.path, finding.id) for finding in verdict.open] == []


@pytest.fixture(scope="module")
def templates(shop: Shop) -> Mapping[str, Template]:
    stacks = {"data": shop.data, "programs": shop.programs, "edge": shop.edge}
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


def test_the_system_synthesises_without_a_cycle(templates: Mapping[str, Template]) -> None:
    templates["edge"].resource_count_is("AWS::CloudFront::Distribution", 1)
    templates["edge"].resource_count_is("AWS::Route53::RecordSet", 2)


def test_stacks_know_each_other_without_exports(templates: Mapping[str, Template]) -> None:
    assert all("Export" not in str(each.to_json()["Outputs"]) for each in _with_outputs(templates))


def _with_outputs(templates: Mapping[str, Template]) -> list[Template]:
    return [each for each in templates.values() if "Outputs" in each.to_json()]


def test_references_between_stacks_are_known_as_synthesis_writes_them(
    shop: Shop, templates: Mapping[str, Template]
) -> None:
    shop.stage.acknowledge(*known_findings(shop.stage))

    assert "Fn::GetStackOutput" in str(templates["programs"].to_json())
    assert [(finding.path, finding.id) for finding in shop.stage.verdict().open] == []


def test_a_function_may_do_what_it_was_granted_and_no_more(
    templates: Mapping[str, Template],
) -> None:
    granted = actions(templates["programs"])

    assert {"dynamodb:PutItem", "events:PutEvents", "secretsmanager:GetSecretValue"} <= granted
    assert "dynamodb:Scan" not in granted
    assert not any(action.endswith(":*") for action in granted)
