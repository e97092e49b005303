"""Rule packs and cfn-lint find exactly the known findings, in single constructs and a system."""

import runpy
from collections.abc import Mapping
from typing import Any, Final

import pytest
from aws_cdk.assertions import Template

from signal9_constructs import KNOWN_FINDINGS, RulePack, Verdict, known_findings
from signal9_constructs.suppressions import evaluate
from tests.constructs.alone import ALONE, ASKED
from tests.constructs.lab import actions, synthesise_each
from tests.constructs.scan import open_findings, scan_constructs, unused_acknowledgments
from tests.constructs.shop import Shop

PACKS: Final = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS, RulePack.NIST_800_53_R5)


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


def test_cfn_lint_finds_exactly_the_known_findings() -> None:
    config: Any = pytest.importorskip("cfnlint.config", reason="cfn-lint is not installed")
    decode: Any = pytest.importorskip("cfnlint.decode.decode")
    runner: Any = pytest.importorskip("cfnlint.runner")
    linter = runner.Runner(config.ConfigMixIn(regions=["us-east-1"]))
    scans = scan_constructs("cfn-lint")

    findings, unknown = [], []
    for scanned in scans.values():
        template, errors = decode.decode_str(scanned.template)
        assert errors == []
        for match in linter.validate_template(template):
            finding = scanned.finding(match.rule.id, str(match.path[1]), match.message)
            findings.append(finding)
            unknown += open_findings(scanned, [finding])

    assert unknown == []
    assert unused_acknowledgments(scans.values(), findings) == set()


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
