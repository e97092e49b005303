"""The example app synthesises as a consumer's would: its own process, every validation on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from signal9_constructs import ConstructError
from signal9_constructs.uv import find_uv

APP = Path(__file__).parents[2] / "examples" / "foreign_app"


def _has_uv() -> bool:
    try:
        return bool(find_uv())
    except ConstructError:
        return False


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not _has_uv():
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


def test_the_app_says_itself_what_it_deploys() -> None:
    lines = (APP / "app.py").read_text("utf-8").splitlines()

    assert len(lines) < 50
    assert not [line for line in lines if "signal9_core" in line or "signal9_handlers" in line]
