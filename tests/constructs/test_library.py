"""The library as a consumer sees it: imports, feature flags, and an app of another product."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from aws_cdk.assertions import Template

import signal9_constructs
from signal9_constructs import ConstructError
from signal9_constructs.bundling import find_uv
from tests.constructs.alone import ALONE
from tests.constructs.lab import synthesise_each

IMPORTED: Final = """
import aws_cdk, json, sys
before = set(sys.modules)
import signal9_constructs
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_nothing_is_loaded_before_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], check=True, capture_output=True, encoding="utf-8"
    )

    assert json.loads(done.stdout) == ["signal9_constructs"]


@pytest.mark.parametrize("name", signal9_constructs.__all__)
def test_every_export_is_there_under_its_own_name(name: str) -> None:
    found = getattr(signal9_constructs, name)

    assert name in dir(signal9_constructs)
    assert getattr(found, "__name__", name) == name


def test_what_is_not_exported_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DataTabel'"):
        _ = signal9_constructs.DataTabel  # type: ignore[attr-defined]


RECOMMENDED: Final = Path(__file__).with_name("recommended_flags.json")
"""The flags that `cdk init` writes for a new app, with CLI 2.1148."""

REWRITES: Final = ("@aws-cdk/aws-iam:minimizePolicies", "@aws-cdk/core:enablePartitionLiterals")
"""Flags with which the CDK writes any template otherwise, with the same meaning."""


@pytest.fixture(scope="module")
def templates() -> list[Mapping[str, object]]:
    flags = json.loads(RECOMMENDED.read_text("utf-8"))
    context = {name: value for name, value in flags.items() if name not in REWRITES}
    return [
        {
            name: Template.from_stack(stack).to_json()
            for name, stack in synthesise_each(ALONE, flags).items()
        }
        for flags in ({}, context)
    ]


@pytest.mark.parametrize("name", ALONE)
def test_a_template_is_the_same_with_and_without_flags(
    templates: list[Mapping[str, object]], name: str
) -> None:
    without, with_flags = templates

    assert with_flags[name] == without[name]


APP = Path(__file__).parents[2] / "examples" / "foreign_app"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        find_uv()
    except ConstructError:
        pytest.skip("uv is not installed")
    folder = tmp_path_factory.mktemp("cdk.out")
    without = {"CDK_VALIDATION", "PYTHONWARNDEFAULTENCODING"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [sys.executable, "-W", "error", "app.py"],
        check=False,
        cwd=APP,
        env=environment | {"CDK_OUTDIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return folder


def test_an_app_of_another_product_synthesises_and_no_validation_finds_anything(
    outcome: Path,
) -> None:
    (template,) = (outcome / "assembly-Library-Dev").glob("*.template.json")
    resources = json.loads(template.read_text("utf-8"))["Resources"]

    kinds = {resource["Type"] for resource in resources.values()}
    assert {
        "AWS::ApiGateway::Stage",
        "AWS::CloudWatch::Dashboard",
        "AWS::DynamoDB::GlobalTable",
        "AWS::Events::Rule",
        "AWS::Lambda::Function",
        "AWS::WAFv2::WebACLAssociation",
    } <= kinds
    reports = json.loads((outcome / "validation-report.json").read_text("utf-8"))["pluginReports"]

    found = [violation for report in reports for violation in report.get("violations", [])]
    assert found == []
