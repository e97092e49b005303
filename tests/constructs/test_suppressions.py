"""Rule packs and cfn-lint find exactly the known findings, in single constructs and a system."""

import runpy
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import Stack, Stage
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks, NagPack, ServerlessChecks

from signal9_constructs import (
    KNOWN_FINDINGS,
    Acknowledgment,
    PythonFunction,
    Verdict,
    acknowledge_known_findings,
    known_findings,
)
from signal9_constructs.suppressions import evaluate
from tests.constructs.alone import ALONE, ASKED
from tests.constructs.lab import actions, app, synthesise_each, text
from tests.constructs.scan import construct_templates
from tests.constructs.shop import PACKS, Shop


@pytest.fixture(scope="module")
def verdicts() -> Mapping[str, Verdict]:
    stacks = synthesise_each(ALONE | ASKED)
    return {name: evaluate(stack, PACKS, known_findings(stack)) for name, stack in stacks.items()}


@pytest.mark.parametrize("name", [*ALONE, *ASKED])
def test_rule_packs_find_only_known_findings(verdicts: Mapping[str, Verdict], name: str) -> None:
    assert [(finding.path, finding.id) for finding in verdicts[name].open] == []


@pytest.mark.parametrize("name", ALONE)
def test_every_known_finding_is_found(verdicts: Mapping[str, Verdict], name: str) -> None:
    with_options = {
        (known.id, known.reason) for asked in ASKED for _, known in verdicts[asked].acknowledged
    }
    listed = {(known.id, known.reason) for known in KNOWN_FINDINGS if known.construct == name}

    unused = {(known.id, known.reason) for known in verdicts[name].unused}

    assert unused & listed - with_options == set()


def test_every_known_finding_belongs_to_a_construct_and_has_a_reason() -> None:
    assert all(known.construct in ALONE for known in KNOWN_FINDINGS)
    assert all(len(known.reason) > 20 for known in KNOWN_FINDINGS)


def test_the_known_findings_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("signal9_constructs")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(KNOWN_FINDINGS) + 1
    assert all(len(line.split("\t")) == 4 for line in lines)


def test_cfn_lint_finds_exactly_what_the_templates_accept() -> None:
    config: Any = pytest.importorskip("cfnlint.config", reason="cfn-lint is not installed")
    decode: Any = pytest.importorskip("cfnlint.decode.decode")
    runner: Any = pytest.importorskip("cfnlint.runner")
    everything = config.ConfigMixIn(regions=["us-east-1"], mandatory_checks=["E", "W"])
    linter = runner.Runner(everything)

    found, accepted = set(), set()
    for name, template in construct_templates().items():
        decoded, errors = decode.decode_str(text(template))
        assert errors == []
        for match in linter.validate_template(decoded):
            found.add((name, str(match.path[1]), match.rule.id))
        accepted |= {(name, *ignored) for ignored in _ignored_by_cfn_lint(template)}

    assert found == accepted


def _ignored_by_cfn_lint(template: Template) -> set[tuple[str, str]]:
    return {
        (logical_id, id_)
        for logical_id, resource in template.to_json()["Resources"].items()
        for id_ in resource.get("Metadata", {})
        .get("cfn-lint", {})
        .get("config", {})
        .get("ignore_checks", ())
    }


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


@pytest.fixture(scope="module")
def templates(shop: Shop) -> Mapping[str, Template]:
    stacks = {"data": shop.data, "programs": shop.programs, "edge": shop.edge}
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


def test_all_findings_in_a_system_are_acknowledged_in_one_line(shop: Shop) -> None:
    before = shop.stage.verdict().open
    shop.stage.acknowledge(*known_findings(shop.stage))

    assert before
    assert [(finding.path, finding.id) for finding in shop.stage.verdict().open] == []


def test_a_system_of_three_stacks_has_neither_cycles_nor_exports(
    templates: Mapping[str, Template],
) -> None:
    templates["edge"].resource_count_is("AWS::CloudFront::Distribution", 1)
    assert all("Export" not in str(each.to_json().get("Outputs")) for each in templates.values())


def test_findings_stay_acknowledged_once_references_are_resolved(
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


def test_an_app_without_a_guarded_stage_accepts_the_known_findings_in_one_call() -> None:
    root = app()
    keys, programs = Stack(root, "Keys"), Stack(Stage(root, "Dev"), "Programs")
    acknowledge_known_findings(
        root, Acknowledgment("AwsSolutions-KMS5", "rotated by hand", "Keys/**")
    )
    kms.Key(keys, "Key")
    PythonFunction(
        programs,
        "Bill",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        handler="index.handler",
    )

    root.synth()

    packs: list[NagPack] = [AwsSolutionsChecks(), ServerlessChecks()]
    assert [pack.validate_scope(root).violations for pack in packs] == [[], []]
    assert "CKV_AWS_115" in text(Template.from_stack(programs))
