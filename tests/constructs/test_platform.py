"""A platform in two stages beside existing resources, compared with the same in plain CDK."""

import ast
import importlib
import io
import json
import sys
import tokenize
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from signal9_constructs import GuardedStage
from tests.constructs.lab import app

FOLDER: Final = Path(__file__).parents[2] / "examples" / "platform_app"
STAGES: Final = ("Dev", "Prod")
WORDS: Final = {
    "AlarmDescription",
    "Description",
    "GroupDescription",
    "DashboardBody",
    "Family",
    "Id",
    "LogGroupName",
    "PolicyName",
    "Sid",
    "Tags",
}
"""Properties that name or describe."""

OFF: Final = {"AlarmNames": [], "Enable": False, "Rollback": False}
LEFT_OUT: Final = {
    ("AWS::CloudWatch::Alarm", "ActionsEnabled"),
    ("AWS::ECS::Service", "DeploymentController"),
    ("AWS::ECS::Service", "EnableExecuteCommand"),
    ("AWS::Lambda::Function", "Environment"),
    ("AWS::StepFunctions::StateMachine", "StateMachineType"),
}
"""Properties that app.py sets to CloudFormation's defaults, and variables for Powertools."""

ABOUT: Final = {
    # Periods are tuned, and expressions name metrics by hashes.
    ("AWS::CloudWatch::Alarm", "EvaluationPeriods"),
    ("AWS::CloudWatch::Alarm", "Metrics"),
    # Load balancers of a known region log as an account of AWS, of any region as a service.
    ("AWS::S3::BucketPolicy", "PolicyDocument"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes"),
    ("AWS::DynamoDB::GlobalTable", "Replicas"),
}
"""Properties of which only their presence is compared."""

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def stages(monkeypatch_module: pytest.MonkeyPatch) -> dict[str, dict[str, Stack]]:
    """The stack of each stage, by program."""
    monkeypatch_module.syspath_prepend(FOLDER)
    monkeypatch_module.delitem(sys.modules, "app", raising=False)
    return {name: _stacks(importlib.import_module(name)) for name in ("app", "plain")}


@pytest.fixture(scope="module")
def monkeypatch_module() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def _stacks(program: ModuleType) -> dict[str, Stack]:
    root = app()
    program.build(root)
    found = {name: root.node.find_child(f"Platform-{name}") for name in STAGES}
    return {name: cast("Stack", stage.node.find_child("Platform")) for name, stage in found.items()}


def _resources(stack: Stack) -> Resources:
    resources: Resources = Template.from_stack(stack).to_json()["Resources"]
    return resources


def _essence(resources: Resources) -> Counter[str]:
    """Count resources by what they are, with types in the place of logical ids."""
    types = {logical_id: resource["Type"] for logical_id, resource in resources.items()}
    return Counter(
        json.dumps([kind, _reduced(kind, resource.get("Properties", {}), types)], sort_keys=True)
        for resource in resources.values()
        if (kind := resource["Type"])
    )


def _reduced(kind: str, properties: dict[str, Any], types: dict[str, str]) -> dict[str, object]:
    return {
        name: "..." if (kind, name) in ABOUT else _anonymous(value, types)
        for name, value in properties.items()
        if name not in WORDS and (kind, name) not in LEFT_OUT
    }


def _anonymous(value: object, types: dict[str, str]) -> object:
    if isinstance(value, list):
        return [_anonymous(member, types) for member in value]
    if not isinstance(value, dict):
        return value
    if "Statement" in value:
        return sorted(_actions(value["Statement"]))
    for function in ("Ref", "Fn::GetAtt"):
        target = value.get(function)
        name = target[0] if isinstance(target, list) else target
        if name in types:
            return types[name]
    members = {name: each for name, each in value.items() if name not in WORDS and each != OFF}
    return {name: _anonymous(each, types) for name, each in members.items()}


def _actions(statements: list[dict[str, Any]]) -> set[str]:
    """Return what a policy allows and denies."""
    return {
        f"{statement['Effect']} {action}"
        for statement in statements
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }


@pytest.mark.parametrize("name", STAGES)
def test_everything_that_plain_cdk_makes_is_made_by_the_constructs(
    stages: dict[str, dict[str, Stack]], name: str
) -> None:
    ours, plain = (_essence(_resources(stages[program][name])) for program in ("app", "plain"))

    assert plain.total() > 50
    assert [json.loads(missing) for missing in plain - ours] == []


@pytest.mark.parametrize("name", STAGES)
def test_the_escape_hatch_reaches_the_load_balancer(
    stages: dict[str, dict[str, Stack]], name: str
) -> None:
    for program in ("app", "plain"):
        (balancer,) = (
            resource["Properties"]["LoadBalancerAttributes"]
            for resource in _resources(stages[program][name]).values()
            if resource["Type"] == "AWS::ElasticLoadBalancingV2::LoadBalancer"
        )
        assert {"Key": "idle_timeout.timeout_seconds", "Value": "300"} in balancer


def _code_lines(name: str) -> int:
    """Count the lines of code, without docstrings, comments and blank lines."""
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    documented = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {token.start[0] for token in tokens if token.type not in skipped and token.string}
    return len(lines - documented)


def test_the_constructs_take_at_most_half_the_lines() -> None:
    assert _code_lines("app") * 2 <= _code_lines("plain")


@pytest.mark.parametrize("name", STAGES)
def test_rule_packs_find_only_what_is_listed(
    stages: dict[str, dict[str, Stack]], name: str
) -> None:
    stage = cast("GuardedStage", stages["app"][name].node.scope)

    assert [(found.id, found.path) for found in stage.verdict().open] == []
